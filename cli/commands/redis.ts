/** How server, worker and up are told where Redis is. */

import { type Command, Option } from 'commander';

const defaultRedis = 'redis://127.0.0.1:6379';

/** Paths of PEM files. */
export interface RedisTlsFlags {
  redisCa?: string;
  redisCert?: string;
  redisKey?: string;
}

export interface RedisFlags extends RedisTlsFlags {
  redis: string;
}

/** Adds `--redis` and the options for TLS; gives the command back. */
export function addRedis(command: Command): Command {
  const option = new Option('--redis <url>', 'redis://, rediss:// or unix:///path; REDIS_URL sets another default');
  // Not shown as it is: it may hold a password.
  const withDefault = process.env.REDIS_URL ? option.default(process.env.REDIS_URL, 'REDIS_URL') : option.default(defaultRedis);
  return addRedisTls(command.addOption(withDefault));
}

/** Adds the options for a Redis that uses TLS; gives the command back. */
export function addRedisTls(command: Command): Command {
  return command
    .option('--redis-ca <file>', "authorities (PEM) to trust for a rediss:// URL, instead of the system's")
    .option('--redis-cert <file>', 'certificate (PEM) to show to a Redis that asks for one')
    .option('--redis-key <file>', 'the key of that certificate');
}

/** The files as an option of server and worker; nothing where none is given. */
export function redisTlsOf({ redisCa, redisCert, redisKey }: RedisTlsFlags): { redisTls?: { ca?: string; cert?: string; key?: string } } {
  const redisTls = {
    ...(redisCa === undefined ? {} : { ca: redisCa }),
    ...(redisCert === undefined ? {} : { cert: redisCert }),
    ...(redisKey === undefined ? {} : { key: redisKey }),
  };
  return Object.keys(redisTls).length === 0 ? {} : { redisTls };
}

/** The same flags for a server or worker that is started with them. */
export function redisTlsArgs({ redisCa, redisCert, redisKey }: RedisTlsFlags): string[] {
  const given = Object.entries({ '--redis-ca': redisCa, '--redis-cert': redisCert, '--redis-key': redisKey });
  return given.flatMap(([flag, file]) => (file === undefined ? [] : [flag, file]));
}
