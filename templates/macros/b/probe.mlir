// In the spelling of these macros; a toolchain that takes it is one they are for.
module {
  aie.device(npu1) @probe {
    %shim = aie.tile(0, 0)
    %core = aie.tile(0, 2)
    aie.objectfifo @in(%shim, {%core}, 2 : i32) : !aie.objectfifo<memref<64xi8>>
    func.func private @kernel(memref<64xi8>) attributes {link_with = "kernel.o"}
    %body = aie.core(%core) {
      %view = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<64xi8>>
      %object = aie.objectfifo.subview.access %view[0] : !aie.objectfifosubview<memref<64xi8>> -> memref<64xi8>
      func.call @kernel(%object) : (memref<64xi8>) -> ()
      aie.objectfifo.release @in(Consume, 1)
      aie.end
    } {stack_size = 1024 : i32}
    aie.runtime_sequence @run(%a: memref<64xi8>) {
      %task = aiex.dma_configure_task_for @in {
        aie.dma_bd(%a : memref<64xi8>, 0, 64, [<size = 1, stride = 0>, <size = 1, stride = 0>, <size = 1, stride = 0>, <size = 64, stride = 1>])
        aie.end
      } {issue_token = true, repeat_count = 0 : i32}
      aiex.dma_start_task(%task)
      aiex.dma_await_task(%task)
    }
  }
}
