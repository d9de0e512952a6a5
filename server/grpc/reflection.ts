/** Server reflection, v1 and v1alpha, so that clients need no .proto files: our public schemas and health. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';

/** How payloads lie in the store is no client's business. */
const privateFolder = 'inferq/storage/';

/** Adds both versions to a server; `services` are the full names to list. */
export function addReflection(server: Server, services: readonly string[]): void {
  const set = readFileSync(fileURLToPath(import.meta.resolve('@inferq/proto/gen/descriptors.binpb')));
  const files = splitDescriptors(set).filter((file) => !fileName(file).startsWith(privateFolder));
  // The service wants what proto-loader makes of files, but reads only their descriptors: those that buf wrote keep names and imports.
  const definition = { files: { fileDescriptorProtos: files } } as unknown as ConstructorParameters<typeof ReflectionService>[0];
  new ReflectionService(definition, { services: [...services] }).addToServer(server);
}

/** The FileDescriptorProtos of a FileDescriptorSet, which holds nothing else (its field 1). */
function splitDescriptors(set: Uint8Array): Buffer[] {
  const reader = new BinaryReader(set);
  const files: Buffer[] = [];
  while (reader.pos < reader.len) {
    reader.tag();
    files.push(Buffer.from(reader.bytes()));
  }
  return files;
}

/** A descriptor's own name, which buf writes first (its field 1). */
function fileName(file: Uint8Array): string {
  const reader = new BinaryReader(file);
  const [field] = reader.tag();
  if (field !== 1) throw new Error('a file descriptor does not begin with its name: generate the descriptors again');
  return reader.string();
}
