/** The line between `inferq up` and the server or worker that it starts: what becomes of the start goes up, its closing means "end". */

/** What a child tells its parent. */
export type ChildMessage =
  | { kind: 'ready'; address: string }
  /** Something is worth a line, and the start goes on. */
  | { kind: 'remark'; message: string }
  | { kind: 'failed'; message: string }
  /** It waits for something, and goes on by itself. */
  | { kind: 'waiting'; message: string };

/** Tells the parent, if there is one. Resolves when the message has left this process. */
export function tellParent(message: ChildMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send && process.connected) process.send(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

/** Ends this process as SIGTERM does when the parent goes away, however it went. */
export function endWithParent(): void {
  if (process.send) process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
}
