/** Why a first connection failed, in a sentence without a full stop. */

import { UnusableRedis } from './open-redis.ts';

const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** What the socket or TLS library said, or its meaning: UnusableRedis where another try would fail in the same way. */
export function connectProblem(error: Error, usesTls: boolean): Error {
  const handshake = handshakeProblem(error);
  if (handshake !== undefined) return new UnusableRedis(handshake, { cause: error });
  const hint = hintOf(error, usesTls);
  return hint === undefined ? error : new Error(hint, { cause: error });
}

function handshakeProblem(error: Error): string | undefined {
  const { code = '', message, host } = error as Error & { code?: string; host?: string };
  if (untrusted.has(code)) {
    return 'the authority that signed its certificate is not trusted: give the file of that authority with --redis-ca';
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `its certificate is not valid for ${host}: use a name or address that it has`;
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired: renew it';
  if (code === 'CERT_NOT_YET_VALID') return 'its certificate is not valid yet: check the clocks of both machines';
  if (/alert certificate required|alert handshake failure/.test(message)) {
    return 'it asks for a client certificate, and none was given: give one with --redis-cert and --redis-key';
  }
  if (/alert (bad certificate|unknown ca|certificate|unsupported certificate)/.test(message)) {
    return 'it does not accept the client certificate in --redis-cert: use one that its authorities have signed and that is still valid';
  }
  if (/wrong version number|packet length too long/.test(message)) return 'it does not use TLS: write redis:// instead of rediss://';
  return undefined;
}

/**
 * Redis waits for more where it gets TLS on a plain port, and hangs up where it gets plain text on a TLS port. Its word that it wants a
 * client certificate may be lost with the connection.
 */
function hintOf(error: Error, usesTls: boolean): string | undefined {
  const { code, message } = error as Error & { code?: string };
  if (usesTls && message === 'connect ETIMEDOUT') {
    return 'it does not answer in TLS: if it does not use TLS at this port, write redis:// instead of rediss://';
  }
  const closed = code === 'ECONNRESET' || code === 'EPIPE' || message === 'Connection is closed.';
  if (!closed) return undefined;
  return usesTls
    ? 'it closes the connection: it may ask for a client certificate (--redis-cert and --redis-key), or not accept the one that it was shown'
    : 'it closes the connection: if it uses TLS at this port, write rediss:// instead of redis://';
}
