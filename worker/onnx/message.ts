/** What ONNX Runtime says when a model cannot be loaded or run, as the sentence that a person needs. */

import { stripVTControlCharacters } from 'node:util';
import { elementFault } from './element-types.ts';

export interface OnnxMessage {
  /** Without paths, C++ signatures and conditions; no full stop at the end. */
  sentence: string;
  /** What was lacking; undefined: nothing, the model or its input is at fault. */
  lacking: 'memory' | 'device' | undefined;
  /** Whether the same call may succeed at another time. */
  transient: boolean;
}

const memory = /failed to allocate|allocation failed|out of memory|bad_alloc|available memory of \d+ is smaller than requested/i;
const device = /\b(?:CUDA|CUDNN|CUBLAS|CUFFT|CUSPARSE|CURAND|NCCL)(?:_\w+)? (?:failure|error)\b/i;
/** A message may quote names of the model, and those are as long as its author likes. */
const longest = 64 * 1_024;
const requestedBytes = /requested buffer of size (\d+)/;

/** Reads the text of an error that onnxruntime-node threw, on a machine with `machineBytes` of memory. */
export function readOnnxMessage(thrown: string, machineBytes: number): OnnxMessage {
  const message = thrown.slice(0, longest);
  const lacking = memory.test(message) ? 'memory' : device.test(message) ? 'device' : undefined;
  const transient = lacking !== undefined && !(Number(requestedBytes.exec(message)?.[1]) > machineBytes);
  return { sentence: sentenceOf(message) || 'ONNX Runtime failed without saying why', lacking, transient };
}

function sentenceOf(message: string): string {
  const line = stripVTControlCharacters(message)
    .replace(/\nStacktrace:.*/s, '')
    .replace(/\s+/g, ' ')
    .trim();
  return reasonOf(line).replace(/\.$/, '');
}

/** Messages are nested: that of a node in a branch of an If stands behind that of the If. */
function reasonOf(line: string): string {
  const text = line
    .replace(/^\[ONNXRuntimeError\] : \d+ : \w+ : /, '')
    .replace(/^Load model from .*? failed: ?/, '')
    .replace(/^(?:Fatal error|Exception during (?:loading|initialization)|Exception): ?/, '')
    .replace(/^This is an invalid model\. In Node, \("(.*?)", ([^,]*),.*?\) , Error (?=\S)/, (_, name, op) => `${nodeOf(op, name)}: `)
    .replace(/^Unsupported data type: (\d+)$/, (_, element) => `an input or output has ${elementFault(Number(element))}`)
    .replace(/^ONNX Runtime only \*guarantees\*.* (Opset \d+) is under development.*? (Current official support)/, '$1 is too new. $2')
    .replace(/ with name ''| in node \(\)/, '')
    .replace(/(?<=Error: )[\w.]+:\d+ \w+ /, '')
    .replace(/ Please fix either the inputs\/outputs or the model\.$/, '')
    .replace(/ ; GPU=.*$/, '');
  const node = /^Non-zero status code returned while running (.*?) node\. Name:'(.*?)' Status Message: /.exec(text);
  if (node) return `${nodeOf(node[1] ?? '', node[2] ?? '')}: ${reasonOf(text.slice(node[0].length))}`;
  const said = withoutSource(text);
  return said === line ? said : reasonOf(said);
}

function nodeOf(op: string, name: string): string {
  return name === '' ? `node ${op}` : `node ${op} "${name}"`;
}

/** `/src/file.cc:83 void ns::fn(int) [with T = int] a == b was false. The reason` is cut to `The reason`. */
function withoutSource(text: string): string {
  const place = /^(?:\S*\/)?[\w.-]+\.(?:cc|h|hpp|cu|cuh|cpp|inc):\d+ /.exec(text);
  if (!place) return text;
  const said = text.slice(signatureEnd(text, place[0].length)).trimStart();
  const condition = /^.*? was false\. */.exec(said);
  return (condition && said.slice(condition[0].length)) || said || text;
}

/** Where a function's name or full signature that starts at `from` ends. */
function signatureEnd(text: string, from: number): number {
  const name = /^[\w~]+ /.exec(text.slice(from));
  const open = text.indexOf('(', from);
  // A bare name is followed by the reason; a signature's first word is a return type or a qualified name.
  if (open < 0 || (name && !looksLikeType(text.slice(from, open)))) return from + (name?.[0].length ?? 0);
  let end = closing(text, open);
  for (let more = signatureRest.exec(text.slice(end)); more; more = signatureRest.exec(text.slice(end))) {
    const last = end + more[0].length;
    end = /[([]$/.test(more[0]) ? closing(text, last - 1) : last;
  }
  return end;
}

/** What may follow a parameter list, up to the bracket that it opens. */
const signatureRest = /^(?: const\b| noexcept\b|::operator\(\)|::<lambda\(|>|::[\w~]+\(| \[(?=with )|\()/;

function looksLikeType(head: string): boolean {
  return head.includes('::') || /^(?:static |virtual |const )*(?:void|bool|int|float|double|auto|size_t|int64_t)\b/.test(head);
}

/** The index behind the bracket that closes the one at `open`. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let index = open; index < text.length; index++) {
    if ('(['.includes(text[index] as string)) depth++;
    else if (')]'.includes(text[index] as string) && --depth === 0) return index + 1;
  }
  return text.length;
}
