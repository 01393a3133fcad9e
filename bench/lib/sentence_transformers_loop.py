"""Embeds lists of texts that come as lines of JSON; answers each with the seconds that it took."""

import json
import os
import sys
import time

from sentence_transformers import SentenceTransformer

folder = sys.argv[1]
has_torch_weights = any(
    os.path.exists(os.path.join(folder, name)) for name in ("model.safetensors", "pytorch_model.bin")
)
options = {} if has_torch_weights else {"backend": "onnx", "model_kwargs": {"file_name": "onnx/model.onnx"}}
model = SentenceTransformer(folder, device="cpu", **options)
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    texts = json.loads(line)
    started = time.perf_counter()
    # It sorts them by length by itself.
    model.encode(texts, batch_size=64, normalize_embeddings=True)
    print(json.dumps(time.perf_counter() - started), flush=True)
