/** The client of the inferq inference broker. */

export { InferqClient } from './client.ts';
export {
  AbortedError,
  AlreadyExistsError,
  DeadlineError,
  InferqError,
  InvalidRequestError,
  NotFoundError,
  OutOfRangeError,
  OverloadedError,
  TaskFailedError,
  UnavailableError,
  type Violation,
} from './errors.ts';
export type { CallOptions, ClientOptions, KeepaliveOptions, TlsOptions } from './options.ts';
export type { RetryPolicy } from './retry.ts';
export type { Accepted, Happened, Refused, SubmitManyItem, SubmitManyOutput } from './submit-many/item.ts';
export type { Source as SubmitManySource } from './submit-many/session.ts';
export { type Scalar, tensor } from './tensor/build.ts';
export { type Flat, fromNested } from './tensor/nested.ts';
export { type Datatype, type NumericDatatype, type Tensor, type TensorData, type TypedArray, texts } from './tensor/tensor.ts';
export type { Admin, DeadLetterFilter, Redriven, RedriveOptions, RedriveSelection, Skipped } from './verbs/admin.ts';
export type { CancelOptions } from './verbs/cancel.ts';
export type { GetInputOptions } from './verbs/get-input.ts';
export type { GetResultOptions } from './verbs/get-result.ts';
export type { PredictOptions } from './verbs/predict.ts';
export type { Submitted } from './verbs/submit.ts';
export type { SubmitManyOptions } from './verbs/submit-many.ts';
export type { WatchOptions } from './verbs/watch.ts';
export type { Dictionary } from './wire/dictionary.ts';
export type { ChunkEvent, ProgressEvent, RestartedEvent, SnapshotEvent, StateEvent, WatchEvent } from './wire/event.ts';
export type { Executor, Queue, Worker } from './wire/fleet.ts';
export type { TaskInput } from './wire/input.ts';
export type { Model, ParameterSpec, TensorSpec } from './wire/model.ts';
export type { OutputOptions, ParameterValue, SubmitRequest } from './wire/request.ts';
export { type Classification, type Execution, isTerminal, type Progress, type Task, type TaskError, type TaskState } from './wire/task.ts';
