/** What must hold of every call, however odd its messages were. */

import { status } from '@grpc/grpc-js';
import { type RefusalReason, refusalReasons } from '@inferq/core/refusal.ts';
import { ErrorInfo } from '@inferq/proto/gen/google/rpc/error_details.ts';
import { Status } from '@inferq/proto/gen/google/rpc/status.ts';
import { RedriveDeadLettersResponse } from '@inferq/proto/gen/inferq/v1/admin.ts';
import { SubmitManyResponse, SubmitResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { Error as ItemError } from '@inferq/proto/gen/inferq/v1/error.ts';
import { streams } from './calls.ts';
import type { Exchange } from './wire.ts';

/** How a refusal of ours may end a call while Redis is up and has room. */
const refusing = [status.INVALID_ARGUMENT, status.NOT_FOUND, status.ALREADY_EXISTS, status.OUT_OF_RANGE];
const sentenceBytes = 1_024;

/** Redis has room, so that RESOURCE_EXHAUSTED can only mean that the message itself holds too much. */
function mayRefuse(code: number, reason: string | undefined): boolean {
  return refusing.includes(code) || (code === status.RESOURCE_EXHAUSTED && reason === 'TOO_LARGE');
}

/** Whether the client itself ended the call. */
function left({ call, status: { code } }: Exchange): boolean {
  return (code === status.CANCELLED && call.ending === 'leave') || (code === status.DEADLINE_EXCEEDED && streams(call));
}

function sentenceFault(message: string): string | undefined {
  if (message === '') return 'a refusal without a sentence';
  if (Buffer.byteLength(message) >= sentenceBytes) return `a sentence of ${Buffer.byteLength(message)} bytes`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there.
  return /[\u0000-\u001f\u007f]/.test(message) ? 'control characters in a sentence' : undefined;
}

function reasonOf(details: Buffer): string | undefined {
  const info = Status.decode(details).details.find(({ typeUrl }) => typeUrl.endsWith('/google.rpc.ErrorInfo'));
  return info && ErrorInfo.decode(info.value).reason;
}

function refusalFault(code: number, reason: string | undefined, message: string): string | undefined {
  if (!mayRefuse(code, reason)) return 'not a status that a message may get';
  if (!refusalReasons.includes(reason as RefusalReason)) return `the reason "${reason}"`;
  return sentenceFault(message);
}

const streamReplies = ({ call, replies }: Exchange) =>
  call.path.endsWith('/SubmitMany') ? replies.map((reply) => SubmitManyResponse.decode(reply)) : [];

function itemErrors(exchange: Exchange): ItemError[] {
  const outcomes = streamReplies(exchange).flatMap((reply) => reply.outcomes);
  return outcomes.flatMap(({ result }) => (result?.$case === 'error' ? [result.value] : []));
}

function unanswered(exchange: Exchange): string | undefined {
  const { call } = exchange;
  if (call.items === undefined || exchange.status.code !== status.OK) return undefined;
  const answered = streamReplies(exchange).reduce((sum, { outcomes }) => sum + outcomes.length, 0);
  return answered >= call.items ? undefined : `${answered} outcomes of ${call.items} items`;
}

/** What is wrong with how the call went; undefined where nothing is. */
export function faultOf(exchange: Exchange): string | undefined {
  const { code, details, metadata } = exchange.status;
  const faults = itemErrors(exchange).map((error) => {
    const fault = refusalFault(error.code, error.reason, error.message);
    return fault && `${fault}: item refused with ${error.code}: ${error.message}`;
  });
  if (code !== status.OK && !left(exchange)) {
    const [encoded] = metadata.get('grpc-status-details-bin');
    const reason = encoded === undefined ? undefined : reasonOf(encoded as Buffer);
    const fault = refusalFault(code, reason, details);
    faults.push(fault && `${fault}: ${status[code]}: ${details}`);
  }
  return [...faults, unanswered(exchange)].find((fault) => fault !== undefined);
}

/** The ids of the tasks that the server acknowledged. */
export function acknowledged(exchange: Exchange): string[] {
  const { call, replies } = exchange;
  if (call.path.endsWith('/Submit')) return replies.map((reply) => SubmitResponse.decode(reply).taskId);
  if (call.path.endsWith('/RedriveDeadLetters')) {
    return replies.flatMap((reply) => [...RedriveDeadLettersResponse.decode(reply).redriven.values()].filter((id) => id !== ''));
  }
  const outcomes = streamReplies(exchange).flatMap((reply) => reply.outcomes);
  return outcomes.flatMap(({ result }) => (result?.$case === 'taskId' ? [result.value] : []));
}
