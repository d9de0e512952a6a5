/** Texts as Redis 7.0 (first) and Valkey 8.1 and 9.1 (after it, where they differ) send them; store-errors.test.ts makes a real Redis say them. */

import { StoreError } from '@inferq/core/store-error.ts';
import { ReplyError } from 'ioredis';
import { expect, test } from 'vitest';
import { classify } from '../classify.ts';
import { UnusableRedis } from '../open-redis.ts';

const script = 'script: 4d25d7b131e1e699e80aef3747613f83c48ead97, on @user_script:2.';

test.each([
  ['LOADING', 'LOADING Redis is loading the dataset in memory'],
  ['BUSY', 'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.'],
  ['BUSY', 'BUSY Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.'],
  ['UNKILLABLE', 'UNKILLABLE Sorry the script already executed write commands against the dataset.'],
  ['TRYAGAIN', 'TRYAGAIN Multiple keys request during rehashing of slot'],
])('%s means that Redis cannot answer yet', (code, words) => {
  expect(classify(new ReplyError(words))).toEqual({ kind: 'away', code, words });
});

test.each([
  ['READONLY', "READONLY You can't write against a read only replica."],
  ['READONLY', `READONLY You can't write against a read only replica. ${script}`],
  ['MASTERDOWN', "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."],
  ['NOREPLICAS', 'NOREPLICAS Not enough good replicas to write.'],
  ['MISCONF', "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."],
  ['MISCONF', "MISCONF Valkey is configured to save RDB snapshots, but it's currently unable to persist to disk."],
  ['MISCONF', 'MISCONF Errors writing to the AOF file: No space left on device'],
  ['OOM', "OOM command not allowed when used memory > 'maxmemory'."],
  ['OOM', `OOM command not allowed when used memory > 'maxmemory'. ${script}`],
  ['OOM', "OOM command not allowed when used memory > 'maxmemory'. script: on @user_script:1."],
  ['NOAUTH', 'NOAUTH Authentication required.'],
  ['WRONGPASS', 'WRONGPASS invalid username-password pair or user is disabled.'],
  ['NOPERM', "NOPERM this user has no permissions to run the 'set' command"],
  ['NOPERM', "NOPERM User eve has no permissions to run the 'set' command"],
  ['NOPERM', 'NOPERM this user has no permissions to access one of the keys used as arguments'],
  ['NOPERM', 'NOPERM No permissions to access a channel'],
  ['NOPERM', `ERR The user executing the script can't run this command or subcommand ${script}`],
  ['NOPERM', "ERR The user executing the script can't run this command or subcommand"],
  ['NOPERM', `ERR The user executing the script can't access at least one of the keys mentioned in the command arguments ${script}`],
  ['NOPERM', `ERR The user executing the script can't publish to the channel mentioned in the command ${script}`],
  ['NOPERM', "ERR ACL failure in script: User eve has no permissions to run the 'set' command script: on @user_script:2."],
  ['NOPERM', 'ERR ACL failure in script: No permissions to access a key script: on @user_script:2.'],
  ['DENIED', 'DENIED Redis is running in protected mode because protected mode is enabled'],
  ['MAXCLIENTS', 'ERR max number of clients reached'],
  ['MAXCLIENTS', 'ERR max number of clients + cluster connections reached'],
  ['CLUSTERDOWN', 'CLUSTERDOWN Hash slot not served'],
  ['MOVED', 'MOVED 13907 127.0.0.1:36075'],
  ['ASK', 'ASK 13907 127.0.0.1:36075'],
])('%s means that Redis refuses', (code, words) => {
  expect(classify(new ReplyError(words))).toEqual({ kind: 'refusing', code, words });
});

test.each([
  ['WRONGTYPE', 'WRONGTYPE Operation against a key holding the wrong kind of value'],
  ['WRONGTYPE', `WRONGTYPE Operation against a key holding the wrong kind of value ${script}`],
  ['ERR', `ERR user_script:3: attempt to index local 'x' (a nil value) ${script}`],
  ['ERR', "ERR Error compiling script (new function): user_script:2: unexpected symbol near '<eof>'"],
  ['ERR', 'ERR Script killed by user with SCRIPT KILL. script: on @user_script:2.'],
  ['ERR', `ERR Unknown Redis command called from script ${script}`],
  ['ERR', "ERR unknown command 'FOO', with args beginning with: "],
  ['ERR', "ERR wrong number of arguments for 'get' command"],
  ['ERR', `ERR Script attempted to access keys that do not hash to the same slot ${script}`],
  ['CROSSSLOT', "CROSSSLOT Keys in request don't hash to the same slot"],
  ['NOSCRIPT', 'NOSCRIPT No matching script. Please use EVAL.'],
  ['NOGROUP', "NOGROUP No such key 'iq:{0}:z' or consumer group 'w' in XREADGROUP with GROUP option"],
  ['BUSYGROUP', 'BUSYGROUP Consumer Group name already exists'],
  ['ERR', 'something that is no error of Redis'],
])('%s is a fault, as every answer that is not known', (code, words) => {
  expect(classify(new ReplyError(words))).toEqual({ kind: 'fault', code, words });
});

function socketError(code: string, syscall?: string): Error {
  return Object.assign(new Error(`${syscall ?? 'socket'} ${code}`), { code, syscall });
}

test.each<[string, string, string, Error]>([
  ['a refused connection', 'away', 'ECONNREFUSED', socketError('ECONNREFUSED', 'connect')],
  ['a connection that is reset', 'away', 'ECONNRESET', socketError('ECONNRESET', 'read')],
  ['a write on a closed connection', 'away', 'EPIPE', socketError('EPIPE', 'write')],
  ['a name that nobody knows', 'away', 'ENOTFOUND', socketError('ENOTFOUND', 'getaddrinfo')],
  ['a name server that is away', 'away', 'EAI_AGAIN', socketError('EAI_AGAIN', 'getaddrinfo')],
  ['a host that does not answer', 'away', 'ETIMEDOUT', socketError('ETIMEDOUT', 'connect')],
  ['a host without a route', 'away', 'EHOSTUNREACH', socketError('EHOSTUNREACH', 'connect')],
  ['a Unix socket that is not there yet', 'away', 'ENOENT', socketError('ENOENT', 'connect')],
  ['a Unix socket that is not ours', 'refusing', 'EACCES', socketError('EACCES', 'connect')],
  ['a certificate that is not trusted', 'refusing', 'TLS', socketError('SELF_SIGNED_CERT_IN_CHAIN')],
  ['plain text on a TLS port', 'refusing', 'TLS', socketError('ERR_SSL_WRONG_VERSION_NUMBER')],
  ['a URL that Redis refuses', 'refusing', 'UNUSABLE', new UnusableRedis('no such database')],
  ['a connection that ioredis closed', 'away', 'CLOSED', new Error('Connection is closed.')],
  [
    'a command for a connection that is not there',
    'away',
    'CLOSED',
    new Error("Stream isn't writeable and enableOfflineQueue options is false"),
  ],
  ['a command that was given up', 'away', 'CLOSED', new Error('Reached the max retries per request limit (which is 1).')],
  ['a connection that falls silent', 'away', 'CLOSED', new Error("Socket timeout. Expecting data, but didn't receive any in 10000ms.")],
  ['an answer of another protocol', 'refusing', 'PROTOCOL', new Error('Unknown RESP type 72 "H". Please report this.')],
  ['a bug of ours', 'fault', 'TypeError', new TypeError('x is not a function')],
  ['a StoreError', 'refusing', 'NOPERM', new StoreError('refusing', 'NOPERM', 'NOPERM for xadd')],
])('%s is %s', (_what, kind, code, error) => {
  expect(classify(error)).toMatchObject({ kind, code });
});

test('a name with several addresses has the words of all of them', () => {
  const both = [socketError('ECONNREFUSED', 'connect'), socketError('EHOSTUNREACH', 'connect')];
  const error = Object.assign(new AggregateError(both), { code: 'ECONNREFUSED' });
  expect(classify(error)).toEqual({ kind: 'away', code: 'ECONNREFUSED', words: 'connect ECONNREFUSED, connect EHOSTUNREACH' });
});

test('what is thrown and is no error is a fault', () => {
  expect(classify('words')).toEqual({ kind: 'fault', code: 'UNKNOWN', words: 'words' });
});
