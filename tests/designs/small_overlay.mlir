// A small array in the shape of the model's overlays: A along rows, B down columns, C joined by column, 2 x 2 cores.
// Each operation begins with a header object on A, whose words give the trip counts: word 0 products, word 1 outputs.
// A product adds a[i] * b[i] to a local accumulator; an output sends it plus (row * 16 + column) and clears it.
module {
  aie.device(npu1_2col) @small {
    %shim_0 = aie.tile(0, 0)
    %mem_0 = aie.tile(0, 1)
    %core_0_0 = aie.tile(0, 2)
    %core_0_1 = aie.tile(0, 3)
    %shim_1 = aie.tile(1, 0)
    %mem_1 = aie.tile(1, 1)
    %core_1_0 = aie.tile(1, 2)
    %core_1_1 = aie.tile(1, 3)
    aie.objectfifo @A0_in(%shim_0, {%mem_0}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo @A0(%mem_0, {%core_0_0, %core_1_0}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo.link [@A0_in] -> [@A0] ([] [])
    aie.objectfifo @A1_in(%shim_1, {%mem_1}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo @A1(%mem_1, {%core_0_1, %core_1_1}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo.link [@A1_in] -> [@A1] ([] [])
    aie.objectfifo @B0_in(%shim_0, {%mem_0}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo @B0(%mem_0, {%core_0_0, %core_0_1}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo.link [@B0_in] -> [@B0] ([] [])
    aie.objectfifo @C0_0(%core_0_0, {%mem_0}, [1, 2]) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo @C0_1(%core_0_1, {%mem_0}, [1, 2]) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo @C0_out(%mem_0, {%shim_0}, 2 : i32) : !aie.objectfifo<memref<128xi32>>
    aie.objectfifo.link [@C0_0, @C0_1] -> [@C0_out] ([0, 64] [])
    aie.objectfifo @B1_in(%shim_1, {%mem_1}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo @B1(%mem_1, {%core_1_0, %core_1_1}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo.link [@B1_in] -> [@B1] ([] [])
    aie.objectfifo @C1_0(%core_1_0, {%mem_1}, [1, 2]) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo @C1_1(%core_1_1, {%mem_1}, [1, 2]) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo @C1_out(%mem_1, {%shim_1}, 2 : i32) : !aie.objectfifo<memref<128xi32>>
    aie.objectfifo.link [@C1_0, @C1_1] -> [@C1_out] ([0, 64] [])
    func.func private @begin(memref<64xi32>, memref<64xi32>, memref<8xi32>) attributes {link_with = "small.o"}
    func.func private @product(memref<64xi32>, memref<64xi32>, memref<64xi32>) attributes {link_with = "small.o"}
    func.func private @finish(memref<64xi32>, memref<64xi32>, i32, i32) attributes {link_with = "small.o"}
    %acc_0_0 = aie.buffer(%core_0_0) {sym_name = "acc_0_0"} : memref<64xi32>
    %params_0_0 = aie.buffer(%core_0_0) {sym_name = "params_0_0"} : memref<8xi32>
    %body_0_0 = aie.core(%core_0_0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 0 : i32
      %column = arith.constant 0 : i32
      scf.for %operation = %c0 to %forever step %c1 {
        %header_view = aie.objectfifo.acquire @A0(Consume, 1) : !aie.objectfifosubview<memref<64xi32>>
        %header = aie.objectfifo.subview.access %header_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
        func.call @begin(%header, %acc_0_0, %params_0_0) : (memref<64xi32>, memref<64xi32>, memref<8xi32>) -> ()
        aie.objectfifo.release @A0(Consume, 1)
        %w0 = memref.load %params_0_0[%c0] : memref<8xi32>
        %products = arith.index_cast %w0 : i32 to index
        %w1 = memref.load %params_0_0[%c1] : memref<8xi32>
        %outputs = arith.index_cast %w1 : i32 to index
        scf.for %p = %c0 to %products step %c1 {
          %a_view = aie.objectfifo.acquire @A0(Consume, 1) : !aie.objectfifosubview<memref<64xi32>>
          %a = aie.objectfifo.subview.access %a_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
          %b_view = aie.objectfifo.acquire @B0(Consume, 1) : !aie.objectfifosubview<memref<64xi32>>
          %b = aie.objectfifo.subview.access %b_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
          func.call @product(%a, %b, %acc_0_0) : (memref<64xi32>, memref<64xi32>, memref<64xi32>) -> ()
          aie.objectfifo.release @A0(Consume, 1)
          aie.objectfifo.release @B0(Consume, 1)
        }
        scf.for %o = %c0 to %outputs step %c1 {
          %y_view = aie.objectfifo.acquire @C0_0(Produce, 1) : !aie.objectfifosubview<memref<64xi32>>
          %y = aie.objectfifo.subview.access %y_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
          func.call @finish(%acc_0_0, %y, %row, %column) : (memref<64xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @C0_0(Produce, 1)
        }
      }
      aie.end
    } {stack_size = 1024 : i32}
    %acc_0_1 = aie.buffer(%core_0_1) {sym_name = "acc_0_1"} : memref<64xi32>
    %params_0_1 = aie.buffer(%core_0_1) {sym_name = "params_0_1"} : memref<8xi32>
    %body_0_1 = aie.core(%core_0_1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 1 : i32
      %column = arith.constant 0 : i32
      scf.for %operation = %c0 to %forever step %c1 {
        %header_view = aie.objectfifo.acquire @A1(Consume, 1) : !aie.objectfifosubview<memref<64xi32>>
        %header = aie.objectfifo.subview.access %header_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
        func.call @begin(%header, %acc_0_1, %params_0_1) : (memref<64xi32>, memref<64xi32>, memref<8xi32>) -> ()
        aie.objectfifo.release @A1(Consume, 1)
        %w0 = memref.load %params_0_1[%c0] : memref<8xi32>
        %products = arith.index_cast %w0 : i32 to index
        %w1 = memref.load %params_0_1[%c1] : memref<8xi32>
        %outputs = arith.index_cast %w1 : i32 to index
        scf.for %p = %c0 to %products step %c1 {
          %a_view = aie.objectfifo.acquire @A1(Consume, 1) : !aie.objectfifosubview<memref<64xi32>>
          %a = aie.objectfifo.subview.access %a_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
          %b_view = aie.objectfifo.acquire @B0(Consume, 1) : !aie.objectfifosubview<memref<64xi32>>
          %b = aie.objectfifo.subview.access %b_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
          func.call @product(%a, %b, %acc_0_1) : (memref<64xi32>, memref<64xi32>, memref<64xi32>) -> ()
          aie.objectfifo.release @A1(Consume, 1)
          aie.objectfifo.release @B0(Consume, 1)
        }
        scf.for %o = %c0 to %outputs step %c1 {
          %y_view = aie.objectfifo.acquire @C0_1(Produce, 1) : !aie.objectfifosubview<memref<64xi32>>
          %y = aie.objectfifo.subview.access %y_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
          func.call @finish(%acc_0_1, %y, %row, %column) : (memref<64xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @C0_1(Produce, 1)
        }
      }
      aie.end
    } {stack_size = 1024 : i32}
    %acc_1_0 = aie.buffer(%core_1_0) {sym_name = "acc_1_0"} : memref<64xi32>
    %params_1_0 = aie.buffer(%core_1_0) {sym_name = "params_1_0"} : memref<8xi32>
    %body_1_0 = aie.core(%core_1_0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 0 : i32
      %column = arith.constant 1 : i32
      scf.for %operation = %c0 to %forever step %c1 {
        %header_view = aie.objectfifo.acquire @A0(Consume, 1) : !aie.objectfifosubview<memref<64xi32>>
        %header = aie.objectfifo.subview.access %header_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
        func.call @begin(%header, %acc_1_0, %params_1_0) : (memref<64xi32>, memref<64xi32>, memref<8xi32>) -> ()
        aie.objectfifo.release @A0(Consume, 1)
        %w0 = memref.load %params_1_0[%c0] : memref<8xi32>
        %products = arith.index_cast %w0 : i32 to index
        %w1 = memref.load %params_1_0[%c1] : memref<8xi32>
        %outputs = arith.index_cast %w1 : i32 to index
        scf.for %p = %c0 to %products step %c1 {
          %a_view = aie.objectfifo.acquire @A0(Consume, 1) : !aie.objectfifosubview<memref<64xi32>>
          %a = aie.objectfifo.subview.access %a_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
          %b_view = aie.objectfifo.acquire @B1(Consume, 1) : !aie.objectfifosubview<memref<64xi32>>
          %b = aie.objectfifo.subview.access %b_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
          func.call @product(%a, %b, %acc_1_0) : (memref<64xi32>, memref<64xi32>, memref<64xi32>) -> ()
          aie.objectfifo.release @A0(Consume, 1)
          aie.objectfifo.release @B1(Consume, 1)
        }
        scf.for %o = %c0 to %outputs step %c1 {
          %y_view = aie.objectfifo.acquire @C1_0(Produce, 1) : !aie.objectfifosubview<memref<64xi32>>
          %y = aie.objectfifo.subview.access %y_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
          func.call @finish(%acc_1_0, %y, %row, %column) : (memref<64xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @C1_0(Produce, 1)
        }
      }
      aie.end
    } {stack_size = 1024 : i32}
    %acc_1_1 = aie.buffer(%core_1_1) {sym_name = "acc_1_1"} : memref<64xi32>
    %params_1_1 = aie.buffer(%core_1_1) {sym_name = "params_1_1"} : memref<8xi32>
    %body_1_1 = aie.core(%core_1_1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 1 : i32
      %column = arith.constant 1 : i32
      scf.for %operation = %c0 to %forever step %c1 {
        %header_view = aie.objectfifo.acquire @A1(Consume, 1) : !aie.objectfifosubview<memref<64xi32>>
        %header = aie.objectfifo.subview.access %header_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
        func.call @begin(%header, %acc_1_1, %params_1_1) : (memref<64xi32>, memref<64xi32>, memref<8xi32>) -> ()
        aie.objectfifo.release @A1(Consume, 1)
        %w0 = memref.load %params_1_1[%c0] : memref<8xi32>
        %products = arith.index_cast %w0 : i32 to index
        %w1 = memref.load %params_1_1[%c1] : memref<8xi32>
        %outputs = arith.index_cast %w1 : i32 to index
        scf.for %p = %c0 to %products step %c1 {
          %a_view = aie.objectfifo.acquire @A1(Consume, 1) : !aie.objectfifosubview<memref<64xi32>>
          %a = aie.objectfifo.subview.access %a_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
          %b_view = aie.objectfifo.acquire @B1(Consume, 1) : !aie.objectfifosubview<memref<64xi32>>
          %b = aie.objectfifo.subview.access %b_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
          func.call @product(%a, %b, %acc_1_1) : (memref<64xi32>, memref<64xi32>, memref<64xi32>) -> ()
          aie.objectfifo.release @A1(Consume, 1)
          aie.objectfifo.release @B1(Consume, 1)
        }
        scf.for %o = %c0 to %outputs step %c1 {
          %y_view = aie.objectfifo.acquire @C1_1(Produce, 1) : !aie.objectfifosubview<memref<64xi32>>
          %y = aie.objectfifo.subview.access %y_view[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
          func.call @finish(%acc_1_1, %y, %row, %column) : (memref<64xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @C1_1(Produce, 1)
        }
      }
      aie.end
    } {stack_size = 1024 : i32}
    // First operation: a header and two products; second: a header alone. %a: for each row header, 2 objects, header;
    // %b: for each column 2 objects; %c: for each column 2 joined objects.
    aie.runtime_sequence @two_operations(%a: memref<512xi32>, %b: memref<256xi32>, %c: memref<512xi32>) {
      %t0 = aiex.dma_configure_task_for @C0_out {
        aie.dma_bd(%c : memref<512xi32> offset = 0 len = 128 sizes = [1, 1, 1, 128] strides = [0, 0, 0, 1])
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%t0)
      %t1 = aiex.dma_configure_task_for @C1_out {
        aie.dma_bd(%c : memref<512xi32> offset = 128 len = 128 sizes = [1, 1, 1, 128] strides = [0, 0, 0, 1])
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%t1)
      %t2 = aiex.dma_configure_task_for @B0_in {
        aie.dma_bd(%b : memref<256xi32> offset = 0 len = 128 sizes = [1, 1, 1, 128] strides = [0, 0, 0, 1])
        aie.end
      }
      aiex.dma_start_task(%t2)
      %t3 = aiex.dma_configure_task_for @B1_in {
        aie.dma_bd(%b : memref<256xi32> offset = 128 len = 128 sizes = [1, 1, 1, 128] strides = [0, 0, 0, 1])
        aie.end
      }
      aiex.dma_start_task(%t3)
      %t4 = aiex.dma_configure_task_for @A0_in {
        aie.dma_bd(%a : memref<512xi32> offset = 0 len = 192 sizes = [1, 1, 1, 192] strides = [0, 0, 0, 1])
        aie.end
      }
      aiex.dma_start_task(%t4)
      %t5 = aiex.dma_configure_task_for @A1_in {
        aie.dma_bd(%a : memref<512xi32> offset = 256 len = 192 sizes = [1, 1, 1, 192] strides = [0, 0, 0, 1])
        aie.end
      }
      aiex.dma_start_task(%t5)
      aiex.dma_await_task(%t0)
      aiex.dma_await_task(%t1)
      aiex.dma_free_task(%t2)
      aiex.dma_free_task(%t3)
      aiex.dma_free_task(%t4)
      aiex.dma_free_task(%t5)
      %t6 = aiex.dma_configure_task_for @C0_out {
        aie.dma_bd(%c : memref<512xi32> offset = 256 len = 128 sizes = [1, 1, 1, 128] strides = [0, 0, 0, 1])
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%t6)
      %t7 = aiex.dma_configure_task_for @C1_out {
        aie.dma_bd(%c : memref<512xi32> offset = 384 len = 128 sizes = [1, 1, 1, 128] strides = [0, 0, 0, 1])
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%t7)
      %t8 = aiex.dma_configure_task_for @A0_in {
        aie.dma_bd(%a : memref<512xi32> offset = 192 len = 64 sizes = [1, 1, 1, 64] strides = [0, 0, 0, 1])
        aie.end
      }
      aiex.dma_start_task(%t8)
      %t9 = aiex.dma_configure_task_for @A1_in {
        aie.dma_bd(%a : memref<512xi32> offset = 448 len = 64 sizes = [1, 1, 1, 64] strides = [0, 0, 0, 1])
        aie.end
      }
      aiex.dma_start_task(%t9)
      aiex.dma_await_task(%t6)
      aiex.dma_await_task(%t7)
      aiex.dma_free_task(%t8)
      aiex.dma_free_task(%t9)
    }
  }
}
