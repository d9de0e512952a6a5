/** What a fault is, and what is known of one that struck. */

import type { Chance } from '../chance.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Unit } from '../fleet/unit.ts';

/** Who was hurt, and so where recovery is looked for. */
export type Hurt =
  /** Executors: what they ran must run again. */
  | { kind: 'executors'; pids: number[] }
  /** Connections of clients: they must hear something again. */
  | { kind: 'clients'; clients: number[] }
  /** Redis or the way to it: some task must end again. */
  | { kind: 'all' };

export interface Strike {
  /** For people: whom it struck. */
  target: string;
  hurt: Hurt;
  /** Epoch milliseconds: from when on recovery is due. */
  since: number;
  /** Resolves when nothing is broken any more by the fault itself. */
  healed?: Promise<unknown>;
}

export interface Fault {
  name: string;
  /** How often it comes up in one deck of faults. */
  weight: number;
  /** Strikes; undefined where there is nobody to strike just now. What takes long goes on in `healed`. */
  strike(fleet: Fleet, chance: Chance): Promise<Strike | undefined> | Strike | undefined;
}

/** One that is up and not struck, marked as struck; at least one of its kind is left alone. Those that `matters` names go first. */
export function victim(units: readonly Unit[], chance: Chance, matters: (unit: Unit) => boolean = () => true): Unit | undefined {
  const sound = units.filter((unit) => unit.up && !unit.struck);
  if (sound.length < 2) return undefined;
  const unit = chance.pick(sound.filter(matters)) ?? chance.pick(sound);
  if (unit) unit.struck = true;
  return unit;
}

/** A server, by preference one that clients are connected to, and which these are. */
export function servingVictim(fleet: Fleet, chance: Chance): { server: Unit; clients: number[] } | undefined {
  const clientsOf = (unit: Unit) =>
    fleet.balancers.flatMap((balancer, index) => (balancer.targets.includes(fleet.portOf(unit)) ? [index] : []));
  const server = victim(fleet.servers, chance, (unit) => clientsOf(unit).length > 0);
  return server && { server, clients: clientsOf(server) };
}

/** Marks a unit as sound again, whatever happens to `work`. */
export async function untilSound(unit: Unit, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } finally {
    unit.struck = false;
  }
}
