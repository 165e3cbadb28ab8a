// Rendered by aiebuild 0.1.0 from mel.mlir.j2 (macros: c3); do not edit.
//   chunks = 25
//   columns = [0, 1, 2, 3]
//   constants = "memref<6400xi8>"
//   core_rows = [2, 3, 4, 5]
//   device = "npu1"
//   folded = "memref<12800xi16>"
//   halved = "memref<8xi32>"
//   kernel_object = "mel.o"
//   mels = 128
//   peak = "memref<32xi16>"
//   power = "memref<6400xbf16>"
//   result = "memref<2048xi8>"
//   result_bytes = 2048
//   result_offsets = [0, 2048, 4096, 6144]
//   result_out = "memref<8192xi8>"
//   rows = [0, 1, 2, 3]
//   samples = "memref<3040xi8>"
//   samples_in = "memref<12160xi8>"
//   samples_offsets = [0, 3040, 6080, 9120]
//   stack_size = 2048
//   tiles = 4
module {
  aie.device(npu1) @mel {
    // Column c: A deals the samples out to its cores, B broadcasts the constants, C joins the results.
    %shim_0 = aie.tile(0, 0)
    %mem_0 = aie.tile(0, 1)
    %core_0_0 = aie.tile(0, 2)
    %core_0_1 = aie.tile(0, 3)
    %core_0_2 = aie.tile(0, 4)
    %core_0_3 = aie.tile(0, 5)
    aie.objectfifo @A0_in(%shim_0, { %mem_0 }, 2 : i32) : !aie.objectfifo<memref<12160xi8>>
    aie.objectfifo @B0_in(%shim_0, { %mem_0 }, 2 : i32) : !aie.objectfifo<memref<6400xi8>>
    aie.objectfifo @B0(%mem_0, {%core_0_0, %core_0_1, %core_0_2, %core_0_3}, 2 : i32) : !aie.objectfifo<memref<6400xi8>>
    aie.objectfifo @C0_out(%mem_0, { %shim_0 }, 2 : i32) : !aie.objectfifo<memref<8192xi8>>
    aie.objectfifo @A0_0(%mem_0, { %core_0_0 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C0_0(%core_0_0, { %mem_0 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo @A0_1(%mem_0, { %core_0_1 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C0_1(%core_0_1, { %mem_0 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo @A0_2(%mem_0, { %core_0_2 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C0_2(%core_0_2, { %mem_0 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo @A0_3(%mem_0, { %core_0_3 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C0_3(%core_0_3, { %mem_0 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo.link [@A0_in] -> [@A0_0, @A0_1, @A0_2, @A0_3] ([] [0, 3040, 6080, 9120])
    aie.objectfifo.link [@B0_in] -> [@B0] ([] [])
    aie.objectfifo.link [@C0_0, @C0_1, @C0_2, @C0_3] -> [@C0_out] ([0, 2048, 4096, 6144] [])
    %shim_1 = aie.tile(1, 0)
    %mem_1 = aie.tile(1, 1)
    %core_1_0 = aie.tile(1, 2)
    %core_1_1 = aie.tile(1, 3)
    %core_1_2 = aie.tile(1, 4)
    %core_1_3 = aie.tile(1, 5)
    aie.objectfifo @A1_in(%shim_1, { %mem_1 }, 2 : i32) : !aie.objectfifo<memref<12160xi8>>
    aie.objectfifo @B1_in(%shim_1, { %mem_1 }, 2 : i32) : !aie.objectfifo<memref<6400xi8>>
    aie.objectfifo @B1(%mem_1, {%core_1_0, %core_1_1, %core_1_2, %core_1_3}, 2 : i32) : !aie.objectfifo<memref<6400xi8>>
    aie.objectfifo @C1_out(%mem_1, { %shim_1 }, 2 : i32) : !aie.objectfifo<memref<8192xi8>>
    aie.objectfifo @A1_0(%mem_1, { %core_1_0 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C1_0(%core_1_0, { %mem_1 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo @A1_1(%mem_1, { %core_1_1 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C1_1(%core_1_1, { %mem_1 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo @A1_2(%mem_1, { %core_1_2 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C1_2(%core_1_2, { %mem_1 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo @A1_3(%mem_1, { %core_1_3 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C1_3(%core_1_3, { %mem_1 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo.link [@A1_in] -> [@A1_0, @A1_1, @A1_2, @A1_3] ([] [0, 3040, 6080, 9120])
    aie.objectfifo.link [@B1_in] -> [@B1] ([] [])
    aie.objectfifo.link [@C1_0, @C1_1, @C1_2, @C1_3] -> [@C1_out] ([0, 2048, 4096, 6144] [])
    %shim_2 = aie.tile(2, 0)
    %mem_2 = aie.tile(2, 1)
    %core_2_0 = aie.tile(2, 2)
    %core_2_1 = aie.tile(2, 3)
    %core_2_2 = aie.tile(2, 4)
    %core_2_3 = aie.tile(2, 5)
    aie.objectfifo @A2_in(%shim_2, { %mem_2 }, 2 : i32) : !aie.objectfifo<memref<12160xi8>>
    aie.objectfifo @B2_in(%shim_2, { %mem_2 }, 2 : i32) : !aie.objectfifo<memref<6400xi8>>
    aie.objectfifo @B2(%mem_2, {%core_2_0, %core_2_1, %core_2_2, %core_2_3}, 2 : i32) : !aie.objectfifo<memref<6400xi8>>
    aie.objectfifo @C2_out(%mem_2, { %shim_2 }, 2 : i32) : !aie.objectfifo<memref<8192xi8>>
    aie.objectfifo @A2_0(%mem_2, { %core_2_0 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C2_0(%core_2_0, { %mem_2 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo @A2_1(%mem_2, { %core_2_1 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C2_1(%core_2_1, { %mem_2 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo @A2_2(%mem_2, { %core_2_2 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C2_2(%core_2_2, { %mem_2 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo @A2_3(%mem_2, { %core_2_3 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C2_3(%core_2_3, { %mem_2 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo.link [@A2_in] -> [@A2_0, @A2_1, @A2_2, @A2_3] ([] [0, 3040, 6080, 9120])
    aie.objectfifo.link [@B2_in] -> [@B2] ([] [])
    aie.objectfifo.link [@C2_0, @C2_1, @C2_2, @C2_3] -> [@C2_out] ([0, 2048, 4096, 6144] [])
    %shim_3 = aie.tile(3, 0)
    %mem_3 = aie.tile(3, 1)
    %core_3_0 = aie.tile(3, 2)
    %core_3_1 = aie.tile(3, 3)
    %core_3_2 = aie.tile(3, 4)
    %core_3_3 = aie.tile(3, 5)
    aie.objectfifo @A3_in(%shim_3, { %mem_3 }, 2 : i32) : !aie.objectfifo<memref<12160xi8>>
    aie.objectfifo @B3_in(%shim_3, { %mem_3 }, 2 : i32) : !aie.objectfifo<memref<6400xi8>>
    aie.objectfifo @B3(%mem_3, {%core_3_0, %core_3_1, %core_3_2, %core_3_3}, 2 : i32) : !aie.objectfifo<memref<6400xi8>>
    aie.objectfifo @C3_out(%mem_3, { %shim_3 }, 2 : i32) : !aie.objectfifo<memref<8192xi8>>
    aie.objectfifo @A3_0(%mem_3, { %core_3_0 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C3_0(%core_3_0, { %mem_3 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo @A3_1(%mem_3, { %core_3_1 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C3_1(%core_3_1, { %mem_3 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo @A3_2(%mem_3, { %core_3_2 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C3_2(%core_3_2, { %mem_3 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo @A3_3(%mem_3, { %core_3_3 }, 2 : i32) : !aie.objectfifo<memref<3040xi8>>
    aie.objectfifo @C3_3(%core_3_3, { %mem_3 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo.link [@A3_in] -> [@A3_0, @A3_1, @A3_2, @A3_3] ([] [0, 3040, 6080, 9120])
    aie.objectfifo.link [@B3_in] -> [@B3] ([] [])
    aie.objectfifo.link [@C3_0, @C3_1, @C3_2, @C3_3] -> [@C3_out] ([0, 2048, 4096, 6144] [])

    func.func private @mel_fold(memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) attributes {link_with = "mel.o"}
    func.func private @mel_power(memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) attributes {link_with = "mel.o"}
    func.func private @mel_filter(memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) attributes {link_with = "mel.o"}
    func.func private @mel_peak(memref<32xi16>, memref<2048xi8>, i32) attributes {link_with = "mel.o"}

    %folded_0_0 = aie.buffer(%core_0_0) {sym_name = "folded_0_0"} : memref<12800xi16>
    %power_0_0 = aie.buffer(%core_0_0) {sym_name = "power_0_0"} : memref<6400xbf16>
    %halved_0_0 = aie.buffer(%core_0_0) {sym_name = "halved_0_0"} : memref<8xi32>
    %peak_0_0 = aie.buffer(%core_0_0) {sym_name = "peak_0_0"} : memref<32xi16>
    %body_0_0 = aie.core(%core_0_0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A0_0(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_0_0, %halved_0_0, %peak_0_0, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A0_0(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_0_0, %power_0_0, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B0(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B0(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C0_0(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_0_0, %halved_0_0, %peak_0_0, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C0_0(Produce, 1)
        }
        aie.objectfifo.release @B0(Consume, 1)
        %largest = aie.objectfifo.acquire @C0_0(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_0_0, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C0_0(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}

    %folded_0_1 = aie.buffer(%core_0_1) {sym_name = "folded_0_1"} : memref<12800xi16>
    %power_0_1 = aie.buffer(%core_0_1) {sym_name = "power_0_1"} : memref<6400xbf16>
    %halved_0_1 = aie.buffer(%core_0_1) {sym_name = "halved_0_1"} : memref<8xi32>
    %peak_0_1 = aie.buffer(%core_0_1) {sym_name = "peak_0_1"} : memref<32xi16>
    %body_0_1 = aie.core(%core_0_1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A0_1(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_0_1, %halved_0_1, %peak_0_1, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A0_1(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_0_1, %power_0_1, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B0(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B0(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C0_1(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_0_1, %halved_0_1, %peak_0_1, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C0_1(Produce, 1)
        }
        aie.objectfifo.release @B0(Consume, 1)
        %largest = aie.objectfifo.acquire @C0_1(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_0_1, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C0_1(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}

    %folded_0_2 = aie.buffer(%core_0_2) {sym_name = "folded_0_2"} : memref<12800xi16>
    %power_0_2 = aie.buffer(%core_0_2) {sym_name = "power_0_2"} : memref<6400xbf16>
    %halved_0_2 = aie.buffer(%core_0_2) {sym_name = "halved_0_2"} : memref<8xi32>
    %peak_0_2 = aie.buffer(%core_0_2) {sym_name = "peak_0_2"} : memref<32xi16>
    %body_0_2 = aie.core(%core_0_2) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A0_2(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_0_2, %halved_0_2, %peak_0_2, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A0_2(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_0_2, %power_0_2, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B0(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B0(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C0_2(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_0_2, %halved_0_2, %peak_0_2, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C0_2(Produce, 1)
        }
        aie.objectfifo.release @B0(Consume, 1)
        %largest = aie.objectfifo.acquire @C0_2(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_0_2, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C0_2(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}

    %folded_0_3 = aie.buffer(%core_0_3) {sym_name = "folded_0_3"} : memref<12800xi16>
    %power_0_3 = aie.buffer(%core_0_3) {sym_name = "power_0_3"} : memref<6400xbf16>
    %halved_0_3 = aie.buffer(%core_0_3) {sym_name = "halved_0_3"} : memref<8xi32>
    %peak_0_3 = aie.buffer(%core_0_3) {sym_name = "peak_0_3"} : memref<32xi16>
    %body_0_3 = aie.core(%core_0_3) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A0_3(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_0_3, %halved_0_3, %peak_0_3, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A0_3(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_0_3, %power_0_3, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B0(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B0(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C0_3(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_0_3, %halved_0_3, %peak_0_3, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C0_3(Produce, 1)
        }
        aie.objectfifo.release @B0(Consume, 1)
        %largest = aie.objectfifo.acquire @C0_3(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_0_3, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C0_3(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}

    %folded_1_0 = aie.buffer(%core_1_0) {sym_name = "folded_1_0"} : memref<12800xi16>
    %power_1_0 = aie.buffer(%core_1_0) {sym_name = "power_1_0"} : memref<6400xbf16>
    %halved_1_0 = aie.buffer(%core_1_0) {sym_name = "halved_1_0"} : memref<8xi32>
    %peak_1_0 = aie.buffer(%core_1_0) {sym_name = "peak_1_0"} : memref<32xi16>
    %body_1_0 = aie.core(%core_1_0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A1_0(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_1_0, %halved_1_0, %peak_1_0, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A1_0(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_1_0, %power_1_0, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B1(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B1(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C1_0(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_1_0, %halved_1_0, %peak_1_0, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C1_0(Produce, 1)
        }
        aie.objectfifo.release @B1(Consume, 1)
        %largest = aie.objectfifo.acquire @C1_0(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_1_0, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C1_0(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}

    %folded_1_1 = aie.buffer(%core_1_1) {sym_name = "folded_1_1"} : memref<12800xi16>
    %power_1_1 = aie.buffer(%core_1_1) {sym_name = "power_1_1"} : memref<6400xbf16>
    %halved_1_1 = aie.buffer(%core_1_1) {sym_name = "halved_1_1"} : memref<8xi32>
    %peak_1_1 = aie.buffer(%core_1_1) {sym_name = "peak_1_1"} : memref<32xi16>
    %body_1_1 = aie.core(%core_1_1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A1_1(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_1_1, %halved_1_1, %peak_1_1, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A1_1(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_1_1, %power_1_1, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B1(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B1(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C1_1(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_1_1, %halved_1_1, %peak_1_1, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C1_1(Produce, 1)
        }
        aie.objectfifo.release @B1(Consume, 1)
        %largest = aie.objectfifo.acquire @C1_1(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_1_1, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C1_1(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}

    %folded_1_2 = aie.buffer(%core_1_2) {sym_name = "folded_1_2"} : memref<12800xi16>
    %power_1_2 = aie.buffer(%core_1_2) {sym_name = "power_1_2"} : memref<6400xbf16>
    %halved_1_2 = aie.buffer(%core_1_2) {sym_name = "halved_1_2"} : memref<8xi32>
    %peak_1_2 = aie.buffer(%core_1_2) {sym_name = "peak_1_2"} : memref<32xi16>
    %body_1_2 = aie.core(%core_1_2) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A1_2(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_1_2, %halved_1_2, %peak_1_2, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A1_2(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_1_2, %power_1_2, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B1(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B1(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C1_2(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_1_2, %halved_1_2, %peak_1_2, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C1_2(Produce, 1)
        }
        aie.objectfifo.release @B1(Consume, 1)
        %largest = aie.objectfifo.acquire @C1_2(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_1_2, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C1_2(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}

    %folded_1_3 = aie.buffer(%core_1_3) {sym_name = "folded_1_3"} : memref<12800xi16>
    %power_1_3 = aie.buffer(%core_1_3) {sym_name = "power_1_3"} : memref<6400xbf16>
    %halved_1_3 = aie.buffer(%core_1_3) {sym_name = "halved_1_3"} : memref<8xi32>
    %peak_1_3 = aie.buffer(%core_1_3) {sym_name = "peak_1_3"} : memref<32xi16>
    %body_1_3 = aie.core(%core_1_3) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A1_3(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_1_3, %halved_1_3, %peak_1_3, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A1_3(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_1_3, %power_1_3, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B1(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B1(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C1_3(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_1_3, %halved_1_3, %peak_1_3, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C1_3(Produce, 1)
        }
        aie.objectfifo.release @B1(Consume, 1)
        %largest = aie.objectfifo.acquire @C1_3(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_1_3, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C1_3(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}

    %folded_2_0 = aie.buffer(%core_2_0) {sym_name = "folded_2_0"} : memref<12800xi16>
    %power_2_0 = aie.buffer(%core_2_0) {sym_name = "power_2_0"} : memref<6400xbf16>
    %halved_2_0 = aie.buffer(%core_2_0) {sym_name = "halved_2_0"} : memref<8xi32>
    %peak_2_0 = aie.buffer(%core_2_0) {sym_name = "peak_2_0"} : memref<32xi16>
    %body_2_0 = aie.core(%core_2_0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A2_0(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_2_0, %halved_2_0, %peak_2_0, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A2_0(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_2_0, %power_2_0, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B2(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B2(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C2_0(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_2_0, %halved_2_0, %peak_2_0, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C2_0(Produce, 1)
        }
        aie.objectfifo.release @B2(Consume, 1)
        %largest = aie.objectfifo.acquire @C2_0(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_2_0, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C2_0(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}

    %folded_2_1 = aie.buffer(%core_2_1) {sym_name = "folded_2_1"} : memref<12800xi16>
    %power_2_1 = aie.buffer(%core_2_1) {sym_name = "power_2_1"} : memref<6400xbf16>
    %halved_2_1 = aie.buffer(%core_2_1) {sym_name = "halved_2_1"} : memref<8xi32>
    %peak_2_1 = aie.buffer(%core_2_1) {sym_name = "peak_2_1"} : memref<32xi16>
    %body_2_1 = aie.core(%core_2_1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A2_1(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_2_1, %halved_2_1, %peak_2_1, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A2_1(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_2_1, %power_2_1, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B2(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B2(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C2_1(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_2_1, %halved_2_1, %peak_2_1, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C2_1(Produce, 1)
        }
        aie.objectfifo.release @B2(Consume, 1)
        %largest = aie.objectfifo.acquire @C2_1(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_2_1, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C2_1(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}

    %folded_2_2 = aie.buffer(%core_2_2) {sym_name = "folded_2_2"} : memref<12800xi16>
    %power_2_2 = aie.buffer(%core_2_2) {sym_name = "power_2_2"} : memref<6400xbf16>
    %halved_2_2 = aie.buffer(%core_2_2) {sym_name = "halved_2_2"} : memref<8xi32>
    %peak_2_2 = aie.buffer(%core_2_2) {sym_name = "peak_2_2"} : memref<32xi16>
    %body_2_2 = aie.core(%core_2_2) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A2_2(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_2_2, %halved_2_2, %peak_2_2, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A2_2(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_2_2, %power_2_2, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B2(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B2(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C2_2(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_2_2, %halved_2_2, %peak_2_2, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C2_2(Produce, 1)
        }
        aie.objectfifo.release @B2(Consume, 1)
        %largest = aie.objectfifo.acquire @C2_2(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_2_2, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C2_2(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}

    %folded_2_3 = aie.buffer(%core_2_3) {sym_name = "folded_2_3"} : memref<12800xi16>
    %power_2_3 = aie.buffer(%core_2_3) {sym_name = "power_2_3"} : memref<6400xbf16>
    %halved_2_3 = aie.buffer(%core_2_3) {sym_name = "halved_2_3"} : memref<8xi32>
    %peak_2_3 = aie.buffer(%core_2_3) {sym_name = "peak_2_3"} : memref<32xi16>
    %body_2_3 = aie.core(%core_2_3) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A2_3(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_2_3, %halved_2_3, %peak_2_3, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A2_3(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_2_3, %power_2_3, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B2(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B2(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C2_3(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_2_3, %halved_2_3, %peak_2_3, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C2_3(Produce, 1)
        }
        aie.objectfifo.release @B2(Consume, 1)
        %largest = aie.objectfifo.acquire @C2_3(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_2_3, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C2_3(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}

    %folded_3_0 = aie.buffer(%core_3_0) {sym_name = "folded_3_0"} : memref<12800xi16>
    %power_3_0 = aie.buffer(%core_3_0) {sym_name = "power_3_0"} : memref<6400xbf16>
    %halved_3_0 = aie.buffer(%core_3_0) {sym_name = "halved_3_0"} : memref<8xi32>
    %peak_3_0 = aie.buffer(%core_3_0) {sym_name = "peak_3_0"} : memref<32xi16>
    %body_3_0 = aie.core(%core_3_0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A3_0(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_3_0, %halved_3_0, %peak_3_0, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A3_0(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_3_0, %power_3_0, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B3(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B3(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C3_0(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_3_0, %halved_3_0, %peak_3_0, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C3_0(Produce, 1)
        }
        aie.objectfifo.release @B3(Consume, 1)
        %largest = aie.objectfifo.acquire @C3_0(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_3_0, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C3_0(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}

    %folded_3_1 = aie.buffer(%core_3_1) {sym_name = "folded_3_1"} : memref<12800xi16>
    %power_3_1 = aie.buffer(%core_3_1) {sym_name = "power_3_1"} : memref<6400xbf16>
    %halved_3_1 = aie.buffer(%core_3_1) {sym_name = "halved_3_1"} : memref<8xi32>
    %peak_3_1 = aie.buffer(%core_3_1) {sym_name = "peak_3_1"} : memref<32xi16>
    %body_3_1 = aie.core(%core_3_1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A3_1(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_3_1, %halved_3_1, %peak_3_1, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A3_1(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_3_1, %power_3_1, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B3(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B3(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C3_1(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_3_1, %halved_3_1, %peak_3_1, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C3_1(Produce, 1)
        }
        aie.objectfifo.release @B3(Consume, 1)
        %largest = aie.objectfifo.acquire @C3_1(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_3_1, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C3_1(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}

    %folded_3_2 = aie.buffer(%core_3_2) {sym_name = "folded_3_2"} : memref<12800xi16>
    %power_3_2 = aie.buffer(%core_3_2) {sym_name = "power_3_2"} : memref<6400xbf16>
    %halved_3_2 = aie.buffer(%core_3_2) {sym_name = "halved_3_2"} : memref<8xi32>
    %peak_3_2 = aie.buffer(%core_3_2) {sym_name = "peak_3_2"} : memref<32xi16>
    %body_3_2 = aie.core(%core_3_2) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A3_2(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_3_2, %halved_3_2, %peak_3_2, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A3_2(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_3_2, %power_3_2, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B3(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B3(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C3_2(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_3_2, %halved_3_2, %peak_3_2, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C3_2(Produce, 1)
        }
        aie.objectfifo.release @B3(Consume, 1)
        %largest = aie.objectfifo.acquire @C3_2(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_3_2, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C3_2(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}

    %folded_3_3 = aie.buffer(%core_3_3) {sym_name = "folded_3_3"} : memref<12800xi16>
    %power_3_3 = aie.buffer(%core_3_3) {sym_name = "power_3_3"} : memref<6400xbf16>
    %halved_3_3 = aie.buffer(%core_3_3) {sym_name = "halved_3_3"} : memref<8xi32>
    %peak_3_3 = aie.buffer(%core_3_3) {sym_name = "peak_3_3"} : memref<32xi16>
    %body_3_3 = aie.core(%core_3_3) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %tiles = arith.constant 4 : index
      %chunks = arith.constant 25 : index
      %forever = arith.constant 4294967295 : index
      %mels = arith.constant 128 : i32
      %bytes = arith.constant 2048 : i32
      scf.for %round = %c0 to %forever step %c1 {
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %a = aie.objectfifo.acquire @A3_3(Consume, 1) : memref<3040xi8>
          func.call @mel_fold(%a, %folded_3_3, %halved_3_3, %peak_3_3, %tile) : (memref<3040xi8>, memref<12800xi16>, memref<8xi32>, memref<32xi16>, i32) -> ()
          aie.objectfifo.release @A3_3(Consume, 1)
        }
        scf.for %k = %c0 to %chunks step %c1 {
          %chunk = arith.index_cast %k : index to i32
          %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<6400xi8>
          func.call @mel_power(%b, %folded_3_3, %power_3_3, %chunk) : (memref<6400xi8>, memref<12800xi16>, memref<6400xbf16>, i32) -> ()
          aie.objectfifo.release @B3(Consume, 1)
        }
        %filters = aie.objectfifo.acquire @B3(Consume, 1) : memref<6400xi8>
        scf.for %t = %c0 to %tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          %rows = aie.objectfifo.acquire @C3_3(Produce, 1) : memref<2048xi8>
          func.call @mel_filter(%filters, %power_3_3, %halved_3_3, %peak_3_3, %rows, %tile, %mels) : (memref<6400xi8>, memref<6400xbf16>, memref<8xi32>, memref<32xi16>, memref<2048xi8>, i32, i32) -> ()
          aie.objectfifo.release @C3_3(Produce, 1)
        }
        aie.objectfifo.release @B3(Consume, 1)
        %largest = aie.objectfifo.acquire @C3_3(Produce, 1) : memref<2048xi8>
        func.call @mel_peak(%peak_3_3, %largest, %bytes) : (memref<32xi16>, memref<2048xi8>, i32) -> ()
        aie.objectfifo.release @C3_3(Produce, 1)
      }
      aie.end
    } {stack_size = 2048 : i32}
  }
}
