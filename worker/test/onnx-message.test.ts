import { expect, test } from 'vitest';
import { readOnnxMessage } from '../onnx/message.ts';

/** What onnxruntime-node 1.30 threw, and the sentence in it. The CUDA ones are from its source. */
const sentences: [thrown: string, sentence: string][] = [
  [
    'Invalid rank for input: a Got: 1 Expected: 2 Please fix either the inputs/outputs or the model.',
    'Invalid rank for input: a Got: 1 Expected: 2',
  ],
  [
    'Got invalid dimensions for input: image for the following indices\n index: 1 Got: 3 Expected: 64\n Please fix either the inputs/outputs or the model.',
    'Got invalid dimensions for input: image for the following indices index: 1 Got: 3 Expected: 64',
  ],
  [
    "Non-zero status code returned while running Add node. Name:'' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/math/element_wise_ops.h:563 void onnxruntime::BroadcastIterator::Init(ptrdiff_t, ptrdiff_t) axis == 1 || axis == largest was false. Attempting to broadcast an axis by a dimension other than 1. 2 by 3\n",
    'node Add: Attempting to broadcast an axis by a dimension other than 1. 2 by 3',
  ],
  [
    "Non-zero status code returned while running MatMul node. Name:'/encoder/layer.0/MatMul' Status Message: matmul_helper.h:59 Compute MatMul dimension mismatch",
    'node MatMul "/encoder/layer.0/MatMul": MatMul dimension mismatch',
  ],
  [
    "Non-zero status code returned while running Gather node. Name:'' Status Message: indices element out of data bounds, idx=7 must be within the inclusive range [-6,5]",
    'node Gather: indices element out of data bounds, idx=7 must be within the inclusive range [-6,5]',
  ],
  [
    "Non-zero status code returned while running Concat node. Name:'' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/tensor/concatbase.h:118 onnxruntime::common::Status onnxruntime::ConcatBase::PrepareForComputeImpl(KernelContextType*, const InlinedTensorsVector&, onnxruntime::Prepare&) const [with KernelContextType = onnxruntime::OpKernelContext; InlinedTensorsVector = absl::lts_20250814::InlinedVector<const onnxruntime::Tensor*, 5, std::allocator<const onnxruntime::Tensor*> >] input_rank == reference_rank was false. Ranks of input data are different, cannot concatenate them. expected rank: 1 got: 2\n",
    'node Concat: Ranks of input data are different, cannot concatenate them. expected rank: 1 got: 2',
  ],
  [
    "Non-zero status code returned while running Gemm node. Name:'' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/math/gemm_helper.h:15 onnxruntime::GemmHelper::GemmHelper(const onnxruntime::TensorShape&, bool, const onnxruntime::TensorShape&, bool, const onnxruntime::TensorShape&) left.NumDimensions() == 2 || left.NumDimensions() == 1 was false. \n",
    'node Gemm: left.NumDimensions() == 2 || left.NumDimensions() == 1 was false',
  ],
  [
    "Non-zero status code returned while running If node. Name:'' Status Message: Non-zero status code returned while running Split node. Name:'halves' Status Message: Invalid num_outputs value of 5. Size of dimension being split is 1",
    'node If: node Split "halves": Invalid num_outputs value of 5. Size of dimension being split is 1',
  ],
  [
    "Non-zero status code returned while running Expand node. Name:'' Status Message: /onnxruntime_src/onnxruntime/core/framework/op_kernel.cc:83 virtual OrtValue* onnxruntime::OpKernelContext::OutputMLValue(int, const onnxruntime::TensorShape&) [ONNXRuntimeError] : 1 : FAIL : tensor.cc:57 CalculateTensorStorageSize Tensor shape.Size() must be >= 0\n",
    'node Expand: Tensor shape.Size() must be >= 0',
  ],
  [
    'Load model from /models/m/1/model.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:202 onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::PathString&, const onnxruntime::IOnnxRuntimeOpSchemaRegistryList*, const onnxruntime::logging::Logger&, const onnxruntime::ModelOptions&) Unsupported model IR version: 99, max supported IR version: 13\n',
    'Unsupported model IR version: 99, max supported IR version: 13',
  ],
  [
    'Load model from /models/m/1/model.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model_load_utils.h:46 void onnxruntime::model_load_utils::ValidateOpsetForDomain(const std::unordered_map<std::__cxx11::basic_string<char>, int>&, const onnxruntime::logging::Logger&, bool, const std::string&, int) ONNX Runtime only *guarantees* support for models stamped with official released onnx opset versions. Opset 99 is under development and support for this is limited. The operator schemas and or other functionality may change before next ONNX release and in this case ONNX Runtime will not guarantee backward compatibility. Current official support for domain ai.onnx is till opset 26.\n',
    'Opset 99 is too new. Current official support for domain ai.onnx is till opset 26',
  ],
  [
    'Load model from /models/m/1/model.onnx failed:This is an invalid model. In Node, ("", Nope, "", -1) : ("x": tensor(float),) -> ("y": tensor(float),) , Error No Op registered for Nope with domain_version of 17',
    'node Nope: No Op registered for Nope with domain_version of 17',
  ],
  [
    'Load model from /models/m/1/model.onnx failed:Fatal error: ai.onnx.preview.training:Adam(-1) is not a registered function/op',
    'ai.onnx.preview.training:Adam(-1) is not a registered function/op',
  ],
  [
    'External data path validation failed for initializer: b. Error: tensorprotoutils.cc:461 ValidateExternalDataPathFromDir External data path does not exist: "/models/m/1/ext.bin"',
    'External data path validation failed for initializer: b. Error: External data path does not exist: "/models/m/1/ext.bin"',
  ],
  ['Load model from /models/m/1/model.onnx failed:Protobuf parsing failed.', 'Protobuf parsing failed'],
  ["Could not find an implementation for Identity(21) node with name ''", 'Could not find an implementation for Identity(21) node'],
  [
    "\x1b[1;31mNon-zero status code returned while running Mul node. Name:'m' Status Message: /onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:129 std::conditional_t<THRW, void, onnxruntime::common::Status> onnxruntime::CudaCall(ERRTYPE, const char*, const char*, ERRTYPE, const char*, const char*, int) [with ERRTYPE = cudaError; bool THRW = true; std::conditional_t<THRW, void, onnxruntime::common::Status> = void] CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=h ; file=/x.cc ; line=12 ; expr=f();\x1b[m",
    'node Mul "m": CUDA failure 700: an illegal memory access was encountered',
  ],
  ["Tensor's size(4) does not match data length(3).", "Tensor's size(4) does not match data length(3)"],
  ['', 'ONNX Runtime failed without saying why'],
];

test.each(sentences)('of %s a person reads the reason', (thrown, sentence) => {
  expect(readOnnxMessage(thrown, 1e12).sentence).toBe(sentence);
});

const allocation = (bytes: number) =>
  `Non-zero status code returned while running Expand node. Name:'' Status Message: /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:360 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to allocate memory for requested buffer of size ${bytes}\n`;

test.each([
  [allocation(1_000), { lacking: 'memory', transient: true }],
  ['std::bad_alloc', { lacking: 'memory', transient: true }],
  ['CUDA failure 2: out of memory ; GPU=0', { lacking: 'memory', transient: true }],
  ['CUDNN failure 4: CUDNN_STATUS_INTERNAL_ERROR ; GPU=0', { lacking: 'device', transient: true }],
  ['CUBLAS failure 13: CUBLAS_STATUS_EXECUTION_FAILED ; GPU=0', { lacking: 'device', transient: true }],
  // More than the whole machine has: the same input asks for it again.
  [allocation(20_000), { lacking: 'memory', transient: false }],
  [sentences[0]?.[0] ?? '', { lacking: undefined, transient: false }],
])('of %s it is known whether to try again', (thrown, expected) => {
  expect(readOnnxMessage(thrown, 10_000)).toMatchObject(expected);
});

test('a message of many megabytes is read at once', () => {
  const thrown = `Non-zero status code returned while running Add node. Name:'${'('.repeat(10_000_000)}`;
  expect(readOnnxMessage(thrown, 1e12).sentence.length).toBeLessThan(70_000);
});
