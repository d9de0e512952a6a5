"""An HTTP gateway: POST /predict takes a SubmitRequest in JSON and answers its task id; GET /result/ID answers the task."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from google.protobuf import json_format

sys.path.insert(0, "stubs")
from inferq.v1 import broker_pb2, broker_pb2_grpc  # noqa: E402

STATUS = {"INVALID_ARGUMENT": 400, "NOT_FOUND": 404, "ALREADY_EXISTS": 409, "RESOURCE_EXHAUSTED": 429, "UNAVAILABLE": 503}
channel = grpc.insecure_channel(os.getenv("INFERQ_SERVER", "127.0.0.1:50051"), [("grpc.max_receive_message_length", 72 << 20)])
broker = broker_pb2_grpc.BrokerStub(channel)


class Gateway(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(broker.Submit, broker_pb2.SubmitRequest(), body)

    def do_GET(self):
        self.answer(broker.GetResult, broker_pb2.GetResultRequest(task_id=self.path.rsplit("/", 1)[-1]), "{}")

    def answer(self, call, request, fields):
        try:
            status, text = 200, json_format.MessageToJson(call(json_format.Parse(fields, request), timeout=330))
        except json_format.ParseError as error:
            status, text = 400, json.dumps({"error": str(error)})
        except grpc.RpcError as error:
            status, text = STATUS.get(error.code().name, 500), json.dumps({"error": error.details()})
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(text.encode())


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8000), Gateway).serve_forever()
