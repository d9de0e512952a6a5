/** INFO, which strict ACLs and some managed Redis forbid. ioredis asks for it on each connection, to see whether Redis has loaded its data. */

import type { Redis } from 'ioredis';

type Answer = (error: unknown, info?: string) => void;

/** From now on `redis.info` answers '' where this user may not run INFO. It is sent once for each connection then. */
export function makeInfoOptional(redis: Redis): Redis {
  const info = redis.info as (...given: unknown[]) => Promise<string>;
  let forbidden = false;
  const ask = async (sections: unknown[]): Promise<string> => {
    if (forbidden) return '';
    try {
      return await info.apply(redis, sections);
    } catch (error) {
      if (!/^(NOPERM|ERR unknown command)/.test((error as Error).message)) throw error;
      forbidden = true;
      return '';
    }
  };
  redis.on('close', () => {
    forbidden = false;
  });
  return Object.assign(redis, {
    info: (...given: unknown[]) => {
      const sections = given.filter((one) => typeof one === 'string');
      const callback = given.find((one) => typeof one === 'function') as Answer | undefined;
      const answer = ask(sections);
      if (callback) answer.then((text) => callback(null, text), callback);
      return answer;
    },
  });
}

/** A field of INFO; '' where it is not there. */
export function infoField(info: string, name: string): string {
  return new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1] ?? '';
}
