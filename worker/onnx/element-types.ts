/** The element types of onnx.proto's TensorProto.DataType, by their numbers. */

/** Under the names of our datatypes, where there are such. */
const names = [
  'undefined',
  'FP32',
  'UINT8',
  'INT8',
  'UINT16',
  'INT16',
  'INT32',
  'INT64',
  'BYTES',
  'BOOL',
  'FP16',
  'FP64',
  'UINT32',
  'UINT64',
  'COMPLEX64',
  'COMPLEX128',
  'BF16',
  'FLOAT8E4M3FN',
  'FLOAT8E4M3FNUZ',
  'FLOAT8E5M2',
  'FLOAT8E5M2FNUZ',
  'UINT4',
  'INT4',
  'FLOAT4E2M1',
  'FLOAT8E8M0',
  'UINT2',
  'INT2',
];

/** The name of an element type. */
export function elementName(number: number): string {
  return names[number] ?? `type ${number}`;
}

/** What is wrong with a tensor whose elements the JavaScript binding does not carry: goes behind "has". */
export function elementFault(number: number): string {
  return `elements of ${elementName(number)}, which onnxruntime-node cannot carry: cast them to another type inside the graph`;
}
