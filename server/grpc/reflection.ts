/** Server reflection, v1 and v1alpha, so that clients need no .proto files: our public schemas and health. */

import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { descriptors } from './intake/request-decoder.ts';

/** How payloads are stored is not for clients. */
const privateFolder = 'inferq/storage/';

/** Adds both versions to a server; `services` are the full names to list. */
export function addReflection(server: Server, services: readonly string[]): void {
  const files = [...descriptors.files].filter(([name]) => !name.startsWith(privateFolder)).map(([, file]) => Buffer.from(file));
  // The service wants what proto-loader makes of files, but reads only their descriptors: those that buf wrote keep names and imports.
  const definition = { files: { fileDescriptorProtos: files } } as unknown as ConstructorParameters<typeof ReflectionService>[0];
  new ReflectionService(definition, { services: [...services] }).addToServer(server);
}
