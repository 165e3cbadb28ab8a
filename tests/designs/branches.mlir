// A core's loops as branches between blocks: each word doubles until it is 1,000 or more; what is below 1 becomes 0.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %core = aie.tile(0, 2)
    aie.objectfifo @in(%shim, {%core}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    aie.objectfifo @out(%core, {%shim}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    %body = aie.core(%core) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c16 = arith.constant 16 : index
      %zero = arith.constant 0 : i32
      %one = arith.constant 1 : i32
      %limit = arith.constant 1000 : i32
      cf.br ^pass
    ^pass:
      %v = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<16xi32>>
      %x = aie.objectfifo.subview.access %v[0] : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
      %w = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<16xi32>>
      %y = aie.objectfifo.subview.access %w[0] : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
      cf.br ^word(%c0 : index)
    ^word(%i: index):
      %more = arith.cmpi slt, %i, %c16 : index
      cf.cond_br %more, ^load, ^end
    ^load:
      %first = memref.load %x[%i] : memref<16xi32>
      %small = arith.cmpi slt, %first, %one : i32
      cf.cond_br %small, ^store(%zero : i32), ^double(%first : i32)
    ^double(%value: i32):
      %enough = arith.cmpi sge, %value, %limit : i32
      %twice = arith.addi %value, %value : i32
      cf.cond_br %enough, ^store(%value : i32), ^double(%twice : i32)
    ^store(%result: i32):
      memref.store %result, %y[%i] : memref<16xi32>
      %next = arith.addi %i, %c1 : index
      cf.br ^word(%next : index)
    ^end:
      aie.objectfifo.release @in(Consume, 1)
      aie.objectfifo.release @out(Produce, 1)
      cf.br ^pass
    }
    aie.runtime_sequence(%a: memref<64xi32>, %b: memref<64xi32>) {
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]) {id = 0 : i64, metadata = @out} : memref<64xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]) {id = 1 : i64, metadata = @in} : memref<64xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}
