/** Why a server cannot be reached, in a sentence instead of the words of grpc-js and OpenSSL. */

import type { HttpProxy } from './proxy.ts';

/** How connections to the server are made. */
export interface Route {
  /** `HOST:PORT`. */
  server: string;
  tls: boolean;
  proxy: HttpProxy | undefined;
}

/** The message for a call that failed with these details; other details than those of a connection stay as they are. */
export function unreachableMessage(details: string, { server, tls, proxy }: Route): string {
  const failed = /^No connection established\. Last error: ([\s\S]*?)\s*\. Resolution note:/.exec(details);
  const unresolved = /^Name resolution failed/.test(details);
  if (!failed && !unresolved) return details;
  const reason = unresolved ? 'its name cannot be resolved: check the spelling' : reasonOf(failed?.[1] ?? '', tls);
  const through =
    proxy === undefined ? '' : `; connections go through the proxy ${proxy.url} of ${proxy.variable}, unless no_proxy names the host`;
  return `no connection to ${server}: ${reason}${through}`;
}

function reasonOf(error: string, tls: boolean): string {
  if (/ERR_TLS_CERT_ALTNAME_INVALID/.test(error)) {
    return 'its certificate is for another name: connect by a name that the certificate has, or set serverName';
  }
  if (/certificate has expired/.test(error)) return 'its certificate has expired: renew it on the server';
  if (/certificate is not yet valid/.test(error)) return 'its certificate is not valid yet: check the clocks of both machines';
  if (/self-signed certificate|unable to (verify|get)/.test(error)) {
    return 'its certificate is signed by an authority that is not trusted here: give the file of that authority as CA';
  }
  if (/alert certificate required|alert handshake failure/.test(error)) {
    return 'it asks for a client certificate, and none was given: give a certificate and its key';
  }
  if (/alert/.test(error)) return 'it does not accept the client certificate: use one that its authorities signed and that is still valid';
  if (/wrong version number|packet length too long/.test(error)) return 'it does not use TLS at this port: connect without TLS';
  if (/Failed to connect|Socket closed|ECONNRESET|EPIPE|socket disconnected|Connection closed/.test(error)) {
    return tls
      ? 'it closes the connection: it may ask for a client certificate, not accept the one that was given, or not be a gRPC server'
      : 'it closes the connection: it may use TLS at this port (connect with TLS, or by https://), or not be a gRPC server';
  }
  return error === 'undefined' ? 'the connection failed' : error.replace(/^Error: /, '');
}
