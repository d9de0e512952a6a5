/** What `npm run docs:proto` runs: writes docs/protocol.md, the reference of the public protocol, from the .proto files and their comments. */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { renderProtocol } from './render.ts';

const root = join(import.meta.dirname, '../..');
const described = execFileSync(join(root, 'node_modules/.bin/buf'), ['build', '--as-file-descriptor-set', '-o', '-'], {
  cwd: root,
  maxBuffer: 2 ** 26,
});
const { file } = fromBinary(FileDescriptorSetSchema, described);
const published = file.filter(({ package: name }) => name === 'inferq.v1');
writeFileSync(process.argv[2] ?? join(root, 'docs/protocol.md'), renderProtocol(published));
