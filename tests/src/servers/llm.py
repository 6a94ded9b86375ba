import sys, time, xllamacpp as x
p = x.CommonParams()
p.model.path = sys.argv[1]
p.hostnames = "127.0.0.1" if isinstance(p.hostnames, str) else ["127.0.0.1"]
p.port = int(sys.argv[2])
p.n_ctx = 2048
p.n_parallel = 1
p.n_gpu_layers = 0
p.cpuparams.n_threads = 2
p.warmup = False
if sys.argv[3] == "embedding":
    p.embedding = True
    p.pooling_type = x.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
server = x.Server(p)
print(server.listening_address, flush=True)
while True:
    time.sleep(3600)
