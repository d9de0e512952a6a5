/** What a person is told where a process cannot start with its Redis. */

import type { StoreError } from '@inferq/core/store-error.ts';
import { type RedisAddress, shownAddress } from './redis-url.ts';

export interface Place {
  address: RedisAddress;
  /** Whether this process runs in a container. */
  inContainer: boolean;
}

/** Codes that waiting does not change: a person has to. */
const lasting = new Set([
  'WRONGPASS',
  'NOAUTH',
  'NOPERM',
  'DENIED',
  'UNUSABLE',
  'TLS',
  'PROTOCOL',
  'MOVED',
  'ASK',
  'CLUSTERDOWN',
  'EACCES',
  'EPERM',
]);

/** Whether a start should end instead of waiting. */
export function isLasting({ kind, code }: StoreError): boolean {
  return kind === 'fault' || lasting.has(code);
}

/** One or two sentences: what is wrong, and what to do. */
export function startSentence({ code, kind, message }: StoreError, { address, inContainer }: Place): string {
  const redis = `Redis at ${shownAddress(address)}`;
  const words = message.replace(/\.$/, '');
  switch (code) {
    case 'WRONGPASS':
      return `${redis} refuses the user name or the password in the Redis URL (${words}).`;
    case 'NOAUTH':
      return `${redis} needs a password, and the Redis URL has none: write redis://:PASSWORD@HOST:PORT (${words}).`;
    case 'UNUSABLE':
      return `${redis} cannot be used: ${words}.`;
    case 'NOPERM':
      return `${redis} does not let this user do what inferq needs (${words}). docs/redis.md lists the permissions.`;
    case 'DENIED':
      return `${redis} is in protected mode and refuses connections from other machines: give it a password, or a bind address in redis.conf.`;
    case 'READONLY':
    case 'MASTERDOWN':
      return `${redis} is a replica, which takes no writes (${words}). Use the address of its master, or promote it.`;
    case 'MOVED':
    case 'ASK':
    case 'CLUSTERDOWN':
      return `${redis} is a Redis Cluster, which inferq does not support yet: use a Redis without cluster mode (${words}).`;
    case 'TLS':
      return `${redis} cannot be reached over TLS (${words}).`;
    case 'PROTOCOL':
      return `What listens at ${shownAddress(address)} is not Redis (${words}).`;
    case 'LOADING':
      return `${redis} is loading its data.`;
    case 'SILENT':
      return `${redis} does not answer: it may be loading its data, or be overloaded.`;
    case 'ECONNREFUSED':
      return inContainer && isLoopback(address)
        ? refusedInContainer(redis, words)
        : `${redis} cannot be reached (${words}). ${otherAddress}`;
    default:
      return kind === 'away' ? `${redis} cannot be reached (${words}). ${otherAddress}` : `${redis} cannot be used (${words}).`;
  }
}

const otherAddress = 'Start it, or give another address with --redis or REDIS_URL.';

function refusedInContainer(redis: string, words: string): string {
  return `${redis} cannot be reached (${words}). In a container, localhost and 127.0.0.1 are the container itself, not the machine that it runs on: use the name of Redis' service or container, or host.docker.internal, as in redis://redis:6379.`;
}

function isLoopback({ at }: RedisAddress): boolean {
  return at.kind === 'tcp' && /^(localhost|127\.[0-9.]+|::1)$/i.test(at.host);
}
