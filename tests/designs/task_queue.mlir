// Tasks wait in a channel's queue: four inputs are started at once, one of them sent three times by an outermost stride
// of 0, then one output of everything is awaited.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    aie.objectfifo @in(%shim, {%mem}, 2 : i32) : !aie.objectfifo<memref<128xi8>>
    aie.objectfifo @out(%mem, {%shim}, 2 : i32) : !aie.objectfifo<memref<128xi8>>
    aie.objectfifo.link [@in] -> [@out] ([] [])
    aie.runtime_sequence @queue(%a: memref<512xi8>, %b: memref<768xi8>) {
      %t0 = aiex.dma_configure_task_for @in {
        aie.dma_bd(%a : memref<512xi8> offset = 384 len = 128)
        aie.end
      }
      aiex.dma_start_task(%t0)
      %t1 = aiex.dma_configure_task_for @in {
        aie.dma_bd(%a : memref<512xi8> offset = 0 len = 128 sizes = [3, 1, 1, 128] strides = [0, 0, 0, 1])
        aie.end
      } {repeat_count = 2 : i32}
      aiex.dma_start_task(%t1)
      %t2 = aiex.dma_configure_task_for @in {
        aie.dma_bd(%a : memref<512xi8> offset = 128 len = 128 sizes = [1, 2, 16, 4] strides = [0, 4, 8, 1])
        aie.end
      }
      aiex.dma_start_task(%t2)
      %t3 = aiex.dma_configure_task_for @in {
        aie.dma_bd(%a : memref<512xi8> offset = 256 len = 128)
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%t3)
      %t4 = aiex.dma_configure_task_for @out {
        aie.dma_bd(%b : memref<768xi8> offset = 0 len = 768)
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%t4)
      aiex.dma_await_task(%t3)
      aiex.dma_await_task(%t4)
      aiex.dma_free_task(%t0)
      aiex.dma_free_task(%t1)
      aiex.dma_free_task(%t2)
    }
  }
}
