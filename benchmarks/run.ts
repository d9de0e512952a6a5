/** Runs a scenario: starts everybody, lets them take turns for so many rounds, and stops them. */

import type { Contestant, Figures, Peer, Scenario, Setup } from './scenario.ts';
import { LeftOut, type Running } from './scenario.ts';

/** What one contestant showed: a figure for each round, or why it did not take part. */
export type Shown = { name: string; rounds: Figures[] } | { name: string; leftOut: string };

export interface Outcome {
  scenario: Scenario;
  shown: Shown[];
}

export interface RunOptions {
  rounds: number;
  peers: readonly Peer[];
}

/** Far more than a start or a round takes anywhere. */
const limitMs = 600_000;

/** Throws where a contestant gives a wrong answer or fails. */
export async function runScenario(scenario: Scenario, setup: Setup, { rounds, peers }: RunOptions): Promise<Outcome> {
  const up: { contestant: Contestant; running: Running; rounds: Figures[] }[] = [];
  const leftOut = new Map<string, string>();
  try {
    for (const contestant of scenario.contestants) {
      if (contestant.peer !== undefined && !peers.includes(contestant.peer)) {
        leftOut.set(contestant.name, '--peers does not name it');
        continue;
      }
      try {
        up.push({ contestant, running: await withinLimit(`the start of ${contestant.name}`, contestant.start(setup)), rounds: [] });
      } catch (error) {
        if (!(error instanceof LeftOut)) throw error;
        leftOut.set(contestant.name, error.message);
        setup.say(`  ${contestant.name} is left out: ${error.message}`);
      }
    }
    for (let round = 1; round <= rounds; round++) {
      for (const one of up) {
        const figures = await withinLimit(`a round of ${one.contestant.name}`, one.running.round());
        one.rounds.push(figures);
        setup.say(`  round ${round} of ${rounds}  ${one.contestant.name}  ${shownFigures(scenario, figures)}`);
      }
    }
  } finally {
    await Promise.all(up.map(({ running }) => running.stop()));
  }
  const shown = scenario.contestants.map(({ name }): Shown => {
    const one = up.find(({ contestant }) => contestant.name === name);
    return one ? { name, rounds: one.rounds } : { name, leftOut: leftOut.get(name) ?? '' };
  });
  return { scenario, shown };
}

/** A task that never ends must not hang the run. */
function withinLimit<T>(what: string, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} did not end within ${limitMs / 1_000} s`)), limitMs);
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function shownFigures({ columns }: Scenario, figures: Figures): string {
  return columns
    .filter(({ key }) => figures[key] !== undefined)
    .map(({ key, title, digits = 0 }) => `${title} ${figures[key]?.toFixed(digits)}`)
    .join('  ');
}
