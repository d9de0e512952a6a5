/** Answers every Submit with the same id: what grpc-js can do, and no more. */

import { SubmitResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { serve } from './serve.ts';

const answer = SubmitResponse.fromPartial({ taskId: 'abcdefghijklmnopqrstuvwx' });

serve(() => answer);
