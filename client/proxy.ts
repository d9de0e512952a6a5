/** The HTTP proxy that grpc-js takes from the environment, for messages. */

export interface HttpProxy {
  /** The variable that names it. */
  variable: string;
  /** `http://HOST:PORT`, without user and password. */
  url: string;
}

/** The proxy of connections to `host`; grpc-js looks at the same variables in the same order. */
export function proxyOf(host: string, env: NodeJS.ProcessEnv = process.env): HttpProxy | undefined {
  const variable = ['grpc_proxy', 'https_proxy', 'http_proxy'].find((name) => env[name]);
  const exceptions = (env.no_grpc_proxy || env.no_proxy)?.split(',') ?? [];
  if (variable === undefined || exceptions.some((exception) => exception !== '' && host.endsWith(exception))) return undefined;
  const text = env[variable] ?? '';
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, port } = new URL(text);
  return protocol === 'http:' ? { variable, url: `http://${hostname}:${port || 80}` } : undefined;
}
