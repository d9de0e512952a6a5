/** Says in a sentence what grpc-js says of a message above the limit. */

import type { ServerInterceptor } from '@grpc/grpc-js';
import { ServerInterceptingCall, status } from '@grpc/grpc-js';
import { messageTooLarge } from './refusals.ts';
import { refusalStatus } from './status.ts';

/**
 * grpc-js ends such a call below all interceptors, so the call's own way to end is wrapped. Compressed messages are counted
 * unpacked.
 */
export function messageLimit(maxBytes: number): ServerInterceptor {
  return (_method, call) => {
    const sendStatus = call.sendStatus.bind(call);
    call.sendStatus = (ending) => {
      const tooLarge = ending.code === status.RESOURCE_EXHAUSTED && /^Received message .*larger than/.test(ending.details ?? '');
      sendStatus(tooLarge ? refusalStatus(messageTooLarge(maxBytes)) : ending);
    };
    return new ServerInterceptingCall(call);
  };
}
