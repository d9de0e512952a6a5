import { expect, test } from 'vitest';
import { product } from '../../test/support/onnx-fixture.ts';
import { engineOn, floats, taskOf } from './engine-harness.ts';
import { repositoryOf } from './model-folder.ts';

// In a file, and so in a process, of its own: the first session of a process decides.
test('numbers too small for full precision are 0 where the model asks for it', async () => {
  const folder = await repositoryOf({ 'mul/model.yaml': 'flush_denormals: true', 'mul/1/model.onnx': product() });
  const { engine, heard } = await engineOn(folder, ['mul']);
  engine.start({ name: 'mul', version: '1' }, [taskOf('t', { a: floats([1], [1e-30]), b: floats([1], [1e-10]) })]);
  expect((await heard.outputs('t')).outputs.y?.data[0]).toBe(0);
});
