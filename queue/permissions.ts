/** What a Redis user needs to be allowed for inferq to work. docs/redis.md has the ACL for it. */

import { encode } from '@msgpack/msgpack';
import type { Redis } from 'ioredis';
import { key } from './keys.ts';
import { Script } from './scripts.ts';
import { text } from './snapshot.ts';

const script = new Script('probe.lua');
const some = key('turn', 'probe');
const inbox = key('inbox', 'probe');

/**
 * Every command that inferq sends, by itself or in its scripts, with arguments of the right number: Redis looks for keys and channels
 * among them. INFO is not among them: what it would tell is done without where it is forbidden.
 */
export const neededCommands: readonly (readonly string[])[] = [
  ['copy', some, some],
  ['decrby', some, '1'],
  ['del', some],
  ['eval', '', '1', some],
  ['evalsha', '', '1', some],
  ['exists', some],
  ['get', some],
  ['hdel', some, ''],
  ['hexists', some, ''],
  ['hget', some, ''],
  ['hgetall', some],
  ['hincrby', some, '', '1'],
  ['hmget', some, ''],
  ['hset', some, '', ''],
  ['hsetnx', some, '', ''],
  ['incrby', some, '1'],
  ['lrange', some, '0', '1'],
  ['ltrim', some, '0', '1'],
  ['mget', some],
  ['persist', some],
  ['pexpire', some, '1'],
  ['pexpireat', some, '1'],
  ['ping'],
  ['pttl', some],
  ['pubsub', 'shardnumsub', inbox],
  ['rename', some, some],
  ['rpush', some, ''],
  ['sadd', some, ''],
  ['set', some, ''],
  ['setnx', some, ''],
  ['smembers', some],
  ['spublish', inbox, ''],
  ['srem', some, ''],
  ['ssubscribe', inbox],
  ['time'],
  ['unlink', some],
  ['xack', some, '', '0-1'],
  ['xadd', some, '*', '', ''],
  ['xautoclaim', some, '', '', '0', '0'],
  ['xclaim', some, '', '', '0', '0-1'],
  ['xdel', some, '0-1'],
  ['xgroup', 'create', some, '', '0'],
  ['xgroup', 'delconsumer', some, '', ''],
  ['xinfo', 'consumers', some, ''],
  ['xinfo', 'groups', some],
  ['xlen', some],
  ['xpending', some, ''],
  ['xrange', some, '-', '+'],
  ['xreadgroup', 'group', '', '', 'streams', some, '>'],
  ['zadd', some, '0', ''],
  ['zcard', some],
  ['zcount', some, '0', '1'],
  ['zpopmin', some],
  ['zrange', some, '0', '1'],
  ['zrangebyscore', some, '0', '1'],
  ['zrem', some, ''],
  ['zremrangebyscore', some, '0', '1'],
  ['zrevrange', some, '0', '1'],
  ['zrevrank', some, ''],
  ['zscore', some, ''],
];

const packed = encode(neededCommands);

/** Asks Redis whether it works for us, writes included; resolves to the commands that its ACL forbids. Throws where Redis does not work. */
export async function deniedCommands(redis: Redis): Promise<string[]> {
  return ((await script.run(redis, [packed])) as unknown[]).map(text);
}
