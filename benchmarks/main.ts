/** `npm run bench`. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodes, Failure, wrongUsage } from '@inferq/cli/failure.ts';
import { parseInteger } from '@inferq/cli/parse/number.ts';
import { Argument, Command, Option } from 'commander';
import { benchLimits } from './limits/bench.ts';
import { findGhz } from './measure/ghz.ts';
import { peersPython } from './python.ts';
import { describeMachine, machineText } from './report/machine.ts';
import { section } from './report/markdown.ts';
import { writeReport } from './report/write.ts';
import { makeRepository } from './repository.ts';
import { type Outcome, runScenario } from './run.ts';
import { type Peer, peers, type Setup } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';

interface Flags {
  peers: readonly Peer[];
  runs?: number;
  quick?: boolean;
  only?: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const defaultRuns = 5;

function parsePeers(text: string): Peer[] {
  const names = text.split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !peers.includes(name as Peer));
  if (unknown !== undefined) throw wrongUsage(`--peers knows ${peers.join(', ')}, not "${unknown}".`);
  return names as Peer[];
}

function parseRuns(text: string): number {
  const runs = parseInteger('--runs', text);
  if (runs < 1) throw wrongUsage(`--runs takes a number from 1 on, not ${text}.`);
  return runs;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function bench(name: string, flags: Flags): Promise<void> {
  const quick = flags.quick === true;
  if (flags.only !== undefined && name !== 'limits') throw wrongUsage('--only goes with limits.');
  const rounds = flags.runs ?? (quick ? 1 : defaultRuns);
  const python = { found: undefined as Promise<string> | undefined };
  const repository = makeRepository();
  process.once('exit', () => rmSync(repository, { recursive: true, force: true }));
  const setup: Setup = {
    quick,
    repository,
    ghz: findGhz(),
    python: () => {
      python.found ??= peersPython(say);
      return python.found;
    },
    say,
  };
  const machine = await describeMachine(setup);
  say(machineText(machine));
  if (name === 'limits') {
    const { only, runs: repeats } = flags;
    return benchLimits(setup, machine, { ...(only === undefined ? {} : { only }), ...(repeats === undefined ? {} : { repeats }) });
  }
  const chosen = scenarios.filter((scenario) => name === 'all' || scenario.name === name);
  const outcomes: Outcome[] = [];
  for (const scenario of chosen) {
    say(`${scenario.name}: ${scenario.about}`);
    outcomes.push(await runScenario(scenario, setup, { rounds, peers: flags.peers }));
  }
  if (quick) {
    say(`every answer was right in ${outcomes.length} scenarios; times of a quick run mean nothing and are not kept`);
    return;
  }
  const all = name === 'all';
  const page = all ? join(root, 'docs/benchmarks.md') : join(root, 'benchmarks/results', `${name}.md`);
  writeReport(outcomes, machine, { page, folder: all ? 'benchmarks' : name, command: `npm run bench -- ${name}` });
  for (const outcome of outcomes) say(`\n${section(outcome, `${outcome.scenario.name}.svg`)}`);
  say(`written to ${page.slice(root.length)}`);
}

const program = new Command('bench')
  .description('Measures inferq against its peers and a direct call: in turn, on this machine, with the same models and inputs.')
  .addArgument(new Argument('<scenario>', 'what to measure').choices([...scenarios.map((scenario) => scenario.name), 'all', 'limits']))
  .addOption(new Option('--peers <list>', 'which peers take part').default([...peers], peers.join(',')).argParser(parsePeers))
  .addOption(
    new Option('--runs <number>', `rounds of each contestant (default: ${defaultRuns}), or repeats of each limit (default: 20)`).argParser(
      parseRuns,
    ),
  )
  .option('--only <name>', 'with limits: measure this one alone')
  .option('--quick', 'little work, one round: answers are checked, times mean nothing')
  .action(bench);

// Every process of every contestant is ended when this one exits, each by a listener.
process.setMaxListeners(0);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(exitCodes.interrupted));
try {
  await program.parseAsync();
  process.exit();
} catch (error) {
  process.stderr.write(error instanceof Failure ? `${error.message}\n` : `${(error as Error).stack}\n`);
  process.exit(error instanceof Failure ? error.exitCode : exitCodes.failed);
}
