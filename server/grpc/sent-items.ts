/**
 * What a SubmitMany stream remembers of its items: until their outcome, and where they follow a task until that ends. The broker
 * knows items by ids of ours, because clients may give several the same correlation id, and each selects outputs for itself.
 */

import type { OutputSelection } from './convert/output-options.ts';

export interface SentItem {
  id: string;
  correlationId: string;
  follow: boolean;
  selection: OutputSelection;
  /** Whether the task's inputs came as contents. */
  contents: boolean;
}

export class SentItems {
  readonly #items = new Map<string, SentItem>();
  readonly #followed = new Map<string, SentItem[]>();
  #count = 0;

  /** Remembers an item and returns its id. */
  add(item: Omit<SentItem, 'id'>): string {
    const id = String(this.#count++);
    this.#items.set(id, { id, ...item });
    return id;
  }

  /** The item of an outcome. Throws where it has none to come. */
  get(id: string): SentItem {
    const item = this.#items.get(id);
    if (item === undefined) throw new Error(`no outcome is expected for item ${id}`);
    return item;
  }

  /** The item got its task: forgotten, unless it follows that. */
  answered(item: SentItem, taskId: string): void {
    const followers = this.#followed.get(taskId);
    if (!item.follow) this.drop(item);
    else if (followers === undefined) this.#followed.set(taskId, [item]);
    else followers.push(item);
  }

  /** The latest item that follows this task. */
  following(taskId: string): SentItem | undefined {
    return this.#followed.get(taskId)?.at(-1);
  }

  /** No event of this task can follow. */
  ended(taskId: string): void {
    for (const { id } of this.#followed.get(taskId) ?? []) this.#items.delete(id);
    this.#followed.delete(taskId);
  }

  /** Nothing more is said of this item. */
  drop({ id }: SentItem): void {
    this.#items.delete(id);
  }
}
