/** grpc.health.v1.Health, with Watch: serving only while the store answers. */

import { Metadata, status } from '@grpc/grpc-js';
import { shown } from '@inferq/core/names.ts';
import { granted } from '@inferq/core/refusal.ts';
import type { HealthCheckResponse } from '@inferq/proto/gen/grpc/health/v1/health.ts';
import { HealthDefinition, HealthCheckResponse_ServingStatus as Serving } from '@inferq/proto/gen/grpc/health/v1/health.ts';
import type { Route } from './route.ts';
import { serverStreamRoute } from './server-stream-call.ts';
import { unaryRoute } from './unary-call.ts';

export class Health {
  readonly #services: readonly string[];
  readonly #watchers = new Set<() => void>();
  #serving = false;

  /** All services share one state; '' stands for the whole server. Starts as not serving. */
  constructor(services: readonly string[]) {
    this.#services = ['', ...services];
  }

  /** Says whether the services can be used now. */
  set(serving: boolean): void {
    if (serving === this.#serving) return;
    this.#serving = serving;
    for (const wake of this.#watchers) wake();
  }

  /** The health service's own routes. */
  routes(): Route[] {
    const { methods } = HealthDefinition;
    return [
      unaryRoute(methods.check, async ({ service }) => {
        if (this.#services.includes(service)) return granted(this.#status());
        const message = `this server does not have the service "${shown(service)}"; it has ${this.#services.slice(1).join(', ')}`;
        return { ok: false, status: { code: status.NOT_FOUND, details: message, metadata: new Metadata() } };
      }),
      unaryRoute(methods.list, async () => granted({ statuses: new Map(this.#services.map((service) => [service, this.#status()])) })),
      serverStreamRoute(methods.watch, async ({ service }, { signal }) => granted(this.#watch(service, signal))),
    ];
  }

  #status(): HealthCheckResponse {
    return { status: this.#serving ? Serving.SERVING : Serving.NOT_SERVING };
  }

  async *#watch(service: string, signal: AbortSignal): AsyncGenerator<HealthCheckResponse> {
    const known = this.#services.includes(service);
    let told: HealthCheckResponse['status'] | undefined;
    while (!signal.aborted) {
      const now = known ? this.#status() : { status: Serving.SERVICE_UNKNOWN };
      if (now.status !== told) {
        told = now.status;
        yield now;
      } else {
        await this.#change(signal);
      }
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#watchers.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#watchers.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}
