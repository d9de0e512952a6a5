#!/usr/bin/env node
// Starts the command line on a Node that runs TypeScript sources unbuilt: this one where it is new enough, else the pinned one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  keepCompiled();
  const { main } = await import('../main.ts');
  await main(process.argv.slice(2));
} else {
  const node = pinnedNode();
  if (node === undefined) {
    process.stderr.write(
      `inferq needs Node 22.18 or newer, and this is ${process.versions.node}: use a newer Node, or run npm install without --omit=optional, which brings Node 24 on Linux x64 and ARM64.\n`,
    );
    process.exitCode = 1;
  } else {
    startAgain(node);
  }
}

/**
 * Keeps what was compiled for the next start: most of a short command's time would go into it. Not in the folder for temporary files, where
 * others could leave code for this user. Where the folder cannot be written, everything works without.
 */
function keepCompiled() {
  const { NODE_COMPILE_CACHE: given, XDG_CACHE_HOME: caches, HOME: home } = process.env;
  const own = caches || (home && join(home, '.cache'));
  if (given || own) module.enableCompileCache(given || join(own, 'inferq'));
}

/** The Node of the optional npm package for this platform, or undefined where it is not installed. */
function pinnedNode() {
  const name = `node-${process.platform}-${process.arch}`;
  try {
    const file = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', 'node');
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

function startAgain(node) {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // At a terminal Ctrl-C reaches the whole process group: the child has it already.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`${node} could not be started: ${error.message}.\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
