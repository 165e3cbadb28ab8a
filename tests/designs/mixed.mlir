// Objectfifos beside a circuit: pieces are dealt out to two cores, one joins through a queue, one by a lock and a flow.
// The first one adds what a queue held from the start.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    %left = aie.tile(0, 2)
    %right = aie.tile(0, 4)
    %store = aie.tile(0, 3)
    aie.objectfifo @in(%shim, {%mem}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @low(%mem, {%left}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    aie.objectfifo @high(%mem, {%right}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    aie.objectfifo.link [@in] -> [@low, @high] ([] [0, 16])
    aie.objectfifo @out(%left, {%shim}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    aie.objectfifo @table(%store, {%left}, 2 : i32) : !aie.objectfifo<memref<16xi32>> = [dense<100> : memref<16xi32>, dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : memref<16xi32>]
    %free = aie.lock(%right) {init = 1 : i32}
    %full = aie.lock(%right) {init = 0 : i32}
    %data = aie.buffer(%right) : memref<16xi32>
    aie.flow(%right, DMA : 0, %shim, DMA : 1)
    aie.shim_dma_allocation @second (%shim, S2MM, 1)
    %mem_right = aie.mem(%right) {
      %0 = aie.dma_start(MM2S, 0, ^send, ^end)
    ^send:
      aie.use_lock(%full, AcquireGreaterEqual, 1)
      aie.dma_bd(%data : memref<16xi32>)
      aie.use_lock(%free, Release, 1)
      aie.next_bd ^send
    ^end:
      aie.end
    }
    %a = aie.core(%left) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %c16 = arith.constant 16 : index
      scf.for %k = %c0 to %c2 step %c1 {
        %0 = aie.objectfifo.acquire @low(Consume, 1) : !aie.objectfifosubview<memref<16xi32>>
        %1 = aie.objectfifo.subview.access %0[0] : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
        %2 = aie.objectfifo.acquire @table(Consume, 1) : !aie.objectfifosubview<memref<16xi32>>
        %3 = aie.objectfifo.subview.access %2[0] : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
        %4 = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<16xi32>>
        %5 = aie.objectfifo.subview.access %4[0] : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
        scf.for %i = %c0 to %c16 step %c1 {
          %6 = memref.load %1[%i] : memref<16xi32>
          %7 = memref.load %3[%i] : memref<16xi32>
          %8 = arith.addi %6, %7 : i32
          memref.store %8, %5[%i] : memref<16xi32>
        }
        aie.objectfifo.release @low(Consume, 1)
        aie.objectfifo.release @table(Consume, 1)
        aie.objectfifo.release @out(Produce, 1)
      }
      aie.end
    }
    %b = aie.core(%right) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      scf.for %k = %c0 to %c2 step %c1 {
        %0 = aie.objectfifo.acquire @high(Consume, 1) : !aie.objectfifosubview<memref<16xi32>>
        %1 = aie.objectfifo.subview.access %0[0] : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
        aie.use_lock(%free, AcquireGreaterEqual, 1)
        memref.copy %1, %data : memref<16xi32> to memref<16xi32>
        aie.use_lock(%full, Release, 1)
        aie.objectfifo.release @high(Consume, 1)
      }
      aie.end
    }
    aie.runtime_sequence(%x: memref<64xi32>, %y: memref<64xi32>) {
      aiex.npu.dma_memcpy_nd(%x[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]) {id = 0 : i64, metadata = @in} : memref<64xi32>
      aiex.npu.dma_memcpy_nd(%y[0, 0, 0, 0][1, 1, 1, 32][0, 0, 0, 1]) {id = 1 : i64, metadata = @out} : memref<64xi32>
      aiex.npu.dma_memcpy_nd(%y[0, 0, 0, 32][1, 1, 1, 32][0, 0, 0, 1]) {id = 2 : i64, metadata = @second} : memref<64xi32>
      aiex.npu.dma_wait {symbol = @out}
      aiex.npu.dma_wait {symbol = @second}
    }
  }
}
