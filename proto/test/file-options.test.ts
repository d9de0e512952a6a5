import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';

const { file: files } = fromBinary(FileDescriptorSetSchema, readFileSync(new URL('../gen/descriptors.binpb', import.meta.url)));
const ours = files.filter((file) => file.package.startsWith('inferq.'));

test('every .proto file says where Go, Java and C# put the code that they generate from it', () => {
  const packages = ours.map(({ name, options }) => ({
    name,
    csharp: options?.csharpNamespace,
    go: options?.goPackage,
    java: options?.javaPackage,
    multipleFiles: options?.javaMultipleFiles,
  }));
  expect(ours.map(({ name }) => name)).toContain('inferq/v1/broker.proto');
  expect(packages).toEqual(
    ours.map(({ name, package: proto }) => ({
      name,
      csharp: proto.split('.').map(capitalized).join('.'),
      go: `${proto.replaceAll('.', '/')};${proto.replaceAll('.', '')}`,
      java: `com.${proto}`,
      multipleFiles: true,
    })),
  );
});

function capitalized(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
