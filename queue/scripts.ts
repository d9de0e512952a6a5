/** Builds each verb's Lua script from its file and the parts it includes, and runs it by its SHA1. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { defaults, limits } from '@inferq/core/limits.ts';
import type { Redis } from 'ioredis';
import { asBuffer } from './as-buffer.ts';
import { keyFragments, prefix } from './keys.ts';
import { recordFields } from './record.ts';

const folder = new URL('./lua/', import.meta.url);

/** Numbers that scripts need, written `%name`. */
const numbers = {
  ignoredResultTtl: limits.ignoredResultTtlMs,
  registryTtl: limits.registryTtlMs,
  executorTtl: limits.executorTtlMs,
  unseenGrace: limits.unseenGraceMs,
  inlineBytes: limits.inlineBytes,
  chunkBytesPerTask: limits.chunkBytesPerTask,
  lostLeases: defaults.lostLeases,
};

function lookUp(table: object, name: string, file: string): string {
  const value: unknown = new Map(Object.entries(table)).get(name);
  if (value === undefined) throw new Error(`${file} uses the unknown name ${name}`);
  return typeof value === 'number' ? String(value) : `'${value}'`;
}

function source(file: string, included: Set<string>): string {
  const text = readFileSync(new URL(file, folder), 'utf8');
  return text
    .replace(/^-- @include (\S+)\n/gm, (_line, part: string) => {
      if (included.has(part)) return '';
      included.add(part);
      return source(`lib/${part}.lua`, included);
    })
    .replace(/@([a-zA-Z]+)/g, (_match, name: string) => lookUp(keyFragments, name, file))
    .replace(/\$([a-zA-Z]+)/g, (_match, name: string) => lookUp(recordFields, name, file))
    .replace(/%([a-zA-Z]{3,})/g, (_match, name: string) => lookUp(numbers, name, file));
}

/** A script ready to run. */
export class Script {
  readonly text: string;
  readonly sha: string;

  /** `file` is relative to queue/lua. The first line must be the `#!lua` header. */
  constructor(file: string) {
    this.text = source(file, new Set());
    this.sha = createHash('sha1').update(this.text).digest('hex');
  }

  /** Runs the script on one partition; replies keep bytes as Buffers. After SCRIPT FLUSH the text is sent again. */
  async run(redis: Redis, args: readonly (string | number | Uint8Array)[], partition = 0): Promise<unknown> {
    const rest = [1, prefix(partition), ...args.map((arg) => (arg instanceof Uint8Array ? asBuffer(arg) : arg))];
    try {
      return await redis.callBuffer('EVALSHA', [this.sha, ...rest] as (string | Buffer)[]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return await redis.callBuffer('EVAL', [this.text, ...rest] as (string | Buffer)[]);
    }
  }
}
