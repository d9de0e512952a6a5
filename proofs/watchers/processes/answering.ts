/** A process of the proof's that does what its parent asks of it, one thing at a time. */

export interface Request {
  do: string;
}

/** Answers every request with what `work` resolves to; ends with the parent. */
export function answerParent<Asked extends Request>(work: (asked: Asked) => Promise<object>): void {
  process.on('message', (asked: Asked) => {
    work(asked).then(
      (answer) => process.send?.({ answer }),
      (error) => process.send?.({ problem: String((error as Error).stack) }),
    );
  });
  process.once('disconnect', () => process.exit());
  process.send?.({ answer: {} });
}
