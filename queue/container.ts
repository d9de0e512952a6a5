/** Whether this process runs in a container, where "localhost" is the container itself. */

import { existsSync, readFileSync } from 'node:fs';

const marks = ['/.dockerenv', '/run/.containerenv'];

/** Docker and Podman leave a file, Kubernetes and others a variable, older runtimes the name of a control group. */
export function isInContainer(): boolean {
  if (process.env.KUBERNETES_SERVICE_HOST || process.env.container || marks.some(existsSync)) return true;
  try {
    return /docker|containerd|kubepods|libpod|lxc/.test(readFileSync('/proc/self/cgroup', 'utf8'));
  } catch {
    return false;
  }
}
