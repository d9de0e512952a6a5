/** WatchResult over bare HTTP/2: libraries for gRPC read ahead, here nothing is read that was not asked for. */

import { type ClientHttp2Stream, connect } from 'node:http2';
import { BrokerDefinition, WatchResultRequest, WatchResultResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';

const path = `/${BrokerDefinition.fullName}/${BrokerDefinition.methods.watchResult.name}`;
const prefixBytes = 5;

export interface Watcher {
  /** Opens a watch that is not read. */
  open(taskId: string): ClientHttp2Stream;
  /** The messages of a watch, each read when it is asked for. Throws where the call does not end with OK. */
  watch(taskId: string): AsyncGenerator<WatchResultResponse>;
  close(): void;
}

/** A connection that lets the server send so many bytes ahead on each stream. */
export function connectWatcher(address: string, windowBytes: number): Watcher {
  const session = connect(`http://${address}`, { settings: { initialWindowSize: windowBytes } });
  const open = (taskId: string) => {
    const message = WatchResultRequest.encode(WatchResultRequest.fromPartial({ taskId })).finish();
    const frame = Buffer.alloc(prefixBytes + message.length);
    frame.writeUInt32BE(message.length, 1);
    frame.set(message, prefixBytes);
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
    stream.end(frame);
    return stream;
  };
  return {
    open,
    async *watch(taskId) {
      const stream = open(taskId);
      let status: unknown;
      stream.once('trailers', (trailers) => {
        status = trailers['grpc-status'];
      });
      let bytes = Buffer.alloc(0);
      for await (const data of stream) {
        bytes = Buffer.concat([bytes, data]);
        for (let end = endOfFrame(bytes); end <= bytes.length; end = endOfFrame(bytes)) {
          yield WatchResultResponse.decode(bytes.subarray(prefixBytes, end));
          bytes = bytes.subarray(end);
        }
      }
      if (status !== '0') throw new Error(`the watch of ${taskId} ended with status ${status}`);
    },
    close: () => session.destroy(),
  };
}

function endOfFrame(bytes: Buffer): number {
  return bytes.length < prefixBytes ? Number.POSITIVE_INFINITY : prefixBytes + bytes.readUInt32BE(1);
}
