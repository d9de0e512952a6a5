/** Tiny ONNX models, encoded by hand from the few messages of onnx.proto that they need (IR 9, opset 17). */

/** One operator: its inputs and outputs by name. */
interface FixtureNode {
  op: string;
  inputs: string[];
  outputs: string[];
  /** Where it is not the default one. */
  domain?: string;
  /** Lists of texts or of whole numbers. */
  attributes?: Record<string, string[] | bigint[]>;
}

/** A dimension that is a text is symbolic. */
export type FixtureShape = (number | string)[];

/** Without a shape: a tensor of any rank. With `kind`: what is no tensor, of such elements. */
interface FixtureValue {
  type: ElementType;
  shape?: FixtureShape;
  kind?: 'tensor' | 'sequence' | 'optional' | 'maps';
}

/** By name; as entries where names are numbers, which an object does not keep in order. */
type FixtureValues = Record<string, FixtureValue> | [name: string, FixtureValue][];

export interface FixtureModel {
  inputs: FixtureValues;
  outputs: FixtureValues;
  /** FP32 constants. */
  constants?: Record<string, { shape: number[]; values: number[] | Float32Array }>;
  /** FP32 constants whose values are in a file of their own, as external data. */
  externals?: Record<string, { shape: number[]; location: string }>;
  nodes: FixtureNode[];
  irVersion?: number;
}

/** As onnx.proto numbers them. */
const elementTypes = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
  BF16: 16,
} as const;
type ElementType = keyof typeof elementTypes;

/** The bytes of a model file. */
export function buildModel({ inputs, outputs, constants = {}, externals = {}, nodes, irVersion = 9 }: FixtureModel): Uint8Array {
  const graph = [
    ...nodes.map((node) => bytes(1, encodeNode(node))),
    text(2, 'fixture'),
    ...Object.entries(constants).map(([name, constant]) => bytes(5, encodeConstant(name, constant.shape, constant.values))),
    ...Object.entries(externals).map(([name, { shape, location }]) => bytes(5, encodeExternal(name, shape, location))),
    ...listed(inputs).map(([name, value]) => bytes(11, encodeValue(name, value))),
    ...listed(outputs).map(([name, value]) => bytes(12, encodeValue(name, value))),
  ];
  const opsets = [number(2, 17), Buffer.concat([text(1, 'ai.onnx.ml'), number(2, 3)])];
  return Buffer.concat([number(1, irVersion), bytes(7, Buffer.concat(graph)), ...opsets.map((opset) => bytes(8, opset))]);
}

/** y = x + 1 for `x` FP32 of this shape. */
export function plusOne(shape: FixtureShape): Uint8Array {
  return buildModel({
    inputs: { x: { type: 'FP32', shape } },
    outputs: { y: { type: 'FP32', shape } },
    constants: { one: { shape: [1], values: [1] } },
    nodes: [{ op: 'Add', inputs: ['x', 'one'], outputs: ['y'] }],
  });
}

/** y = x for `x` of this type and shape, or of any shape. */
export function identity(type: ElementType, shape?: FixtureShape): Uint8Array {
  const value = shape ? { type, shape } : { type };
  return buildModel({
    inputs: { x: value },
    outputs: { y: value },
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  });
}

/** y = a * b for FP32 of any size. */
export function product(): Uint8Array {
  const vector = { type: 'FP32' as const, shape: ['n'] };
  return buildModel({
    inputs: { a: vector, b: vector },
    outputs: { y: vector },
    nodes: [{ op: 'Mul', inputs: ['a', 'b'], outputs: ['y'] }],
  });
}

/** y = x · W · W ... for `x` FP32 [rows, width]: `times` products, for a run that takes its time. */
export function heavy(width: number, times: number): Uint8Array {
  const names = ['x', ...Array.from({ length: times - 1 }, (_, index) => `h${index}`), 'y'];
  return buildModel({
    inputs: { x: { type: 'FP32', shape: ['rows', width] } },
    outputs: { y: { type: 'FP32', shape: ['rows', width] } },
    constants: { w: { shape: [width, width], values: new Float32Array(width * width).fill(1 / width) } },
    nodes: names.slice(1).map((output, index) => ({ op: 'MatMul', inputs: [names[index] ?? '', 'w'], outputs: [output] })),
  });
}

function encodeNode({ op, inputs, outputs, domain = '', attributes = {} }: FixtureNode): Buffer {
  return Buffer.concat([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries(attributes).map(([name, values]) => bytes(5, encodeAttribute(name, values))),
    text(7, domain),
  ]);
}

function encodeAttribute(name: string, values: string[] | bigint[]): Buffer {
  const [texts, numbers] = [8, 7];
  const list = values.map((value) => (typeof value === 'string' ? text(9, value) : Buffer.concat([varint(8 << 3), int64(value)])));
  return Buffer.concat([text(1, name), ...list, number(20, typeof values[0] === 'string' ? texts : numbers)]);
}

function encodeConstant(name: string, shape: number[], values: number[] | Float32Array): Buffer {
  const raw = Buffer.from(Float32Array.from(values).buffer);
  return Buffer.concat([...shape.map((size) => number(1, size)), number(2, elementTypes.FP32), text(8, name), bytes(9, raw)]);
}

function encodeExternal(name: string, shape: number[], location: string): Buffer {
  const place = Buffer.concat([text(1, 'location'), text(2, location)]);
  const external = 1;
  return Buffer.concat([
    ...shape.map((size) => number(1, size)),
    number(2, elementTypes.FP32),
    text(8, name),
    bytes(13, place),
    number(14, external),
  ]);
}

function listed(values: FixtureValues): [string, FixtureValue][] {
  return Array.isArray(values) ? values : Object.entries(values);
}

function encodeValue(name: string, { type, shape, kind = 'tensor' }: FixtureValue): Buffer {
  const dimensions = shape?.map((size) => bytes(1, typeof size === 'number' ? number(1, size) : text(2, size)));
  const tensor = [number(1, elementTypes[type]), ...(dimensions ? [bytes(2, Buffer.concat(dimensions))] : [])];
  const tensorType = bytes(1, Buffer.concat(tensor));
  const [sequence, optional, map, key] = [4, 9, 5, elementTypes.BYTES];
  const types = {
    tensor: tensorType,
    sequence: bytes(sequence, bytes(1, tensorType)),
    optional: bytes(optional, bytes(1, tensorType)),
    maps: bytes(sequence, bytes(1, bytes(map, Buffer.concat([number(1, key), bytes(2, tensorType)])))),
  };
  return Buffer.concat([text(1, name), bytes(2, types[kind])]);
}

function number(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value));
}

function bytes(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(value.byteLength), value]);
}

/** Two's complement, in 7 bits a byte. */
function int64(value: bigint): Buffer {
  const digits: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) digits.push(Number(rest & 127n) | 128);
  return Buffer.from([...digits, Number(rest)]);
}

function varint(value: number): Buffer {
  const digits: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) digits.push((rest % 128) | 128);
  return Buffer.from([...digits, rest]);
}
