/** A version without a model.onnx: what to do about it, judged by what its folder holds instead. */

/** Formats of other tools, by the ends of their files' names. */
const otherFormats: ReadonlyMap<RegExp, string> = new Map([
  [/\.(pt|pth|ckpt|safetensors|bin)$/i, 'PyTorch'],
  [/\.(pb|h5|hdf5|keras)$/i, 'TensorFlow or Keras'],
  [/\.tflite$/i, 'TensorFlow Lite'],
  [/\.(pkl|pickle|joblib)$/i, 'Python'],
  [/\.(engine|plan|trt)$/i, 'TensorRT'],
]);

/** `found` are the names in the version's folder. The sentence says what to fix. */
export function missingModel(found: readonly string[]): string {
  const lacks = 'the version folder has no model.onnx';
  if (found.includes('model.onnx.dvc')) return `${lacks}, only model.onnx.dvc, which tells DVC where the model is: run \`dvc pull\``;
  const similar = found.find((name) => name.toLowerCase() === 'model.onnx') ?? onlyOne(found.filter((name) => /\.onnx$/i.test(name)));
  if (similar !== undefined) return `${lacks}, but ${similar}: rename it to model.onnx, or name a handler`;
  for (const [ends, tool] of otherFormats) {
    const other = found.find((name) => ends.test(name));
    if (other !== undefined) return `${lacks}, but ${other}, a format of ${tool}: export the model to ONNX, or name a handler`;
  }
  return `${lacks}; put one there, or name a handler`;
}

function onlyOne(names: readonly string[]): string | undefined {
  return names.length === 1 ? names[0] : undefined;
}
