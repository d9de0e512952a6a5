/** What a release changes in the files that hold a version. */

/** Contents by path, relative to the repository. */
export type Files = Record<'package.json' | 'client/package.json' | 'package-lock.json' | 'CHANGELOG.md', string>;

/** The files as they shall be, or why this cannot be a release. */
export type Plan = { files: Files } | { problem: string };

const pattern = /^(\d+)\.(\d+)\.(\d+)$/;
const unreleased = '## Unreleased\n';

/** `date` is the day of the release, as YYYY-MM-DD. */
export function planRelease(files: Files, version: string, date: string): Plan {
  const current = JSON.parse(files['package.json']).version as string;
  if (!pattern.test(version)) return { problem: `"${version}" is not a version such as 0.2.0.` };
  if (!isNewer(version, current)) return { problem: `${version} is not newer than the current version, ${current}.` };
  const changelog = withHeading(files['CHANGELOG.md'], version, date);
  if (changelog === undefined) return { problem: 'CHANGELOG.md has nothing under "## Unreleased": say what changed.' };
  return {
    files: {
      'package.json': withVersion(files['package.json'], version),
      'client/package.json': withVersion(files['client/package.json'], version),
      'package-lock.json': withLockedVersions(files['package-lock.json'], version),
      'CHANGELOG.md': changelog,
    },
  };
}

function isNewer(version: string, current: string): boolean {
  const [a, b] = [version, current].map((text) => pattern.exec(text)?.slice(1).map(Number) ?? []);
  const differing = a?.findIndex((number, index) => number !== b?.[index]) ?? -1;
  return differing >= 0 && (a?.[differing] ?? 0) > (b?.[differing] ?? 0);
}

function withVersion(json: string, version: string): string {
  return format({ ...JSON.parse(json), version });
}

/** npm writes the version of the root twice, and that of each workspace that has one. */
function withLockedVersions(json: string, version: string): string {
  const lock = JSON.parse(json);
  lock.version = version;
  for (const location of ['', 'client']) lock.packages[location].version = version;
  return format(lock);
}

function format(json: unknown): string {
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** The changelog with what was unreleased under the version's own heading; undefined where there is nothing. */
function withHeading(changelog: string, version: string, date: string): string | undefined {
  const [before, after] = changelog.split(unreleased);
  if (after === undefined || (after.split(/^## /m)[0] ?? '').trim() === '') return undefined;
  return `${before}${unreleased}\n## ${version} (${date})\n${after}`;
}
