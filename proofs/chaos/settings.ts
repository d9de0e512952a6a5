/** How large a run is, and how long its parts take. */

export interface ChaosSettings {
  seed: number;
  tasks: number;
  fsync: 'everysec' | 'always';
  servers: number;
  workers: number;
  clients: number;
  /** Within which the tasks are submitted, while the faults strike. */
  loadMs: number;
  /** When submitting ends at the latest: outages hold it up. */
  loadLimitMs: number;
  /** Between the beginnings of two faults, on average. */
  faultEveryMs: number;
  /** How long tasks may take to end after the last fault. */
  drainMs: number;
}

/** The shortest that a worker takes. A freeze must be longer to cost a lease. */
export const leaseMs = 5_000;
export const overLeaseMs = 7_000;

const full = { tasks: 20_000, servers: 3, workers: 3, clients: 6, loadMs: 140_000, faultEveryMs: 1_800, drainMs: 90_000 };
const quick = { tasks: 2_000, servers: 2, workers: 2, clients: 4, loadMs: 40_000, faultEveryMs: 1_200, drainMs: 60_000 };
/** Of a run's time, what starting, looking at everything, and stopping take. */
const aroundMs = 30_000;
const leastLoadMs = 10_000;

export interface ChaosFlags {
  seed?: number;
  tasks?: number;
  minutes?: number;
  fsync: 'everysec' | 'always';
  quick?: boolean;
}

/** Flags with the rest filled in; `seed` where the flags have none. */
export function settingsOf(flags: ChaosFlags, seed: number): ChaosSettings {
  const base = { ...(flags.quick ? quick : full), seed: flags.seed ?? seed, fsync: flags.fsync };
  const sized = { ...base, tasks: flags.tasks ?? base.tasks, loadLimitMs: 2 * base.loadMs };
  if (flags.minutes === undefined) return sized;
  const whole = flags.minutes * 60_000 - aroundMs;
  const drainMs = Math.min(sized.drainMs, whole / 2);
  const loadLimitMs = Math.max(leastLoadMs, Math.min(sized.loadLimitMs, whole - drainMs));
  return { ...sized, drainMs, loadLimitMs, loadMs: Math.min(sized.loadMs, loadLimitMs) };
}
