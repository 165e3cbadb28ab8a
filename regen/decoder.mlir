// Rendered by aiebuild 0.1.0 from decoder.mlir.j2 (macros: c3); do not edit.
//   a_columns = [0, 1, 2, 3]
//   a_object = "memref<2816xi8>"
//   b_depth = 4
//   b_object = "memref<16896xi8>"
//   c_object = "memref<512xi8>"
//   c_pin = ""
//   columns = [0, 1, 2, 3]
//   cores = [{"column": 0, "id": "0_0", "row": 0, "tile": "%core_0_0"}, {"column": 0, "id": "0_1", "row": 1,... (16 entries)
//   device = "npu1"
//   inputs = "memref<8192xi8>"
//   join_offsets = [0, 512, 1024, 1536]
//   joined = "memref<2048xi8>"
//   keep = null
//   objects = {"decoder_attention": "decoder_attention.o", "decoder_dispatch": "decoder_dispatch.o", "decoder_... (5 entries)
//   outputs = "memref<2048xi32>"
//   params = "memref<64xi32>"
//   rows = [0, 1, 2, 3]
//   sequence = null
//   stack_size = 2048
//   stats = "memref<160xi32>"
//   top = "memref<288xi32>"
//   trip_counts = [["first", 1], ["chunks", 2], ["parts", 3], ["loads", 4], ["steps", 5], ["side", 6], ["objects",... (7 entries)
module {
  aie.device(npu1) @decoder {

    // Column c: shim -> memory tile -> cores. A broadcasts along rows, B down columns, C joins per column.
    %shim_0 = aie.tile(0, 0)
    %mem_0 = aie.tile(0, 1)
    %core_0_0 = aie.tile(0, 2)
    %core_0_1 = aie.tile(0, 3)
    %core_0_2 = aie.tile(0, 4)
    %core_0_3 = aie.tile(0, 5)
    %shim_1 = aie.tile(1, 0)
    %mem_1 = aie.tile(1, 1)
    %core_1_0 = aie.tile(1, 2)
    %core_1_1 = aie.tile(1, 3)
    %core_1_2 = aie.tile(1, 4)
    %core_1_3 = aie.tile(1, 5)
    %shim_2 = aie.tile(2, 0)
    %mem_2 = aie.tile(2, 1)
    %core_2_0 = aie.tile(2, 2)
    %core_2_1 = aie.tile(2, 3)
    %core_2_2 = aie.tile(2, 4)
    %core_2_3 = aie.tile(2, 5)
    %shim_3 = aie.tile(3, 0)
    %mem_3 = aie.tile(3, 1)
    %core_3_0 = aie.tile(3, 2)
    %core_3_1 = aie.tile(3, 3)
    %core_3_2 = aie.tile(3, 4)
    %core_3_3 = aie.tile(3, 5)
    aie.objectfifo @A0_in(%shim_0, { %mem_0 }, 2 : i32) : !aie.objectfifo<memref<2816xi8>>
    aie.objectfifo @A0(%mem_0, {%core_0_0, %core_1_0, %core_2_0, %core_3_0}, 2 : i32) : !aie.objectfifo<memref<2816xi8>>
    aie.objectfifo.link [@A0_in] -> [@A0] ([] [])
    aie.objectfifo @A1_in(%shim_1, { %mem_1 }, 2 : i32) : !aie.objectfifo<memref<2816xi8>>
    aie.objectfifo @A1(%mem_1, {%core_0_1, %core_1_1, %core_2_1, %core_3_1}, 2 : i32) : !aie.objectfifo<memref<2816xi8>>
    aie.objectfifo.link [@A1_in] -> [@A1] ([] [])
    aie.objectfifo @A2_in(%shim_2, { %mem_2 }, 2 : i32) : !aie.objectfifo<memref<2816xi8>>
    aie.objectfifo @A2(%mem_2, {%core_0_2, %core_1_2, %core_2_2, %core_3_2}, 2 : i32) : !aie.objectfifo<memref<2816xi8>>
    aie.objectfifo.link [@A2_in] -> [@A2] ([] [])
    aie.objectfifo @A3_in(%shim_3, { %mem_3 }, 2 : i32) : !aie.objectfifo<memref<2816xi8>>
    aie.objectfifo @A3(%mem_3, {%core_0_3, %core_1_3, %core_2_3, %core_3_3}, 2 : i32) : !aie.objectfifo<memref<2816xi8>>
    aie.objectfifo.link [@A3_in] -> [@A3] ([] [])
    aie.objectfifo @B0_in(%shim_0, { %mem_0 }, 4 : i32) : !aie.objectfifo<memref<16896xi8>>
    aie.objectfifo @B0(%mem_0, {%core_0_0, %core_0_1, %core_0_2, %core_0_3}, 2 : i32) : !aie.objectfifo<memref<16896xi8>>
    aie.objectfifo.link [@B0_in] -> [@B0] ([] [])
    aie.objectfifo @C0_0(%core_0_0, { %mem_0 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C0_1(%core_0_1, { %mem_0 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C0_2(%core_0_2, { %mem_0 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C0_3(%core_0_3, { %mem_0 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C0_out(%mem_0, { %shim_0 }, 2 : i32) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo.link [@C0_0, @C0_1, @C0_2, @C0_3] -> [@C0_out] ([0, 512, 1024, 1536] [])
    aie.objectfifo @B1_in(%shim_1, { %mem_1 }, 4 : i32) : !aie.objectfifo<memref<16896xi8>>
    aie.objectfifo @B1(%mem_1, {%core_1_0, %core_1_1, %core_1_2, %core_1_3}, 2 : i32) : !aie.objectfifo<memref<16896xi8>>
    aie.objectfifo.link [@B1_in] -> [@B1] ([] [])
    aie.objectfifo @C1_0(%core_1_0, { %mem_1 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C1_1(%core_1_1, { %mem_1 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C1_2(%core_1_2, { %mem_1 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C1_3(%core_1_3, { %mem_1 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C1_out(%mem_1, { %shim_1 }, 2 : i32) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo.link [@C1_0, @C1_1, @C1_2, @C1_3] -> [@C1_out] ([0, 512, 1024, 1536] [])
    aie.objectfifo @B2_in(%shim_2, { %mem_2 }, 4 : i32) : !aie.objectfifo<memref<16896xi8>>
    aie.objectfifo @B2(%mem_2, {%core_2_0, %core_2_1, %core_2_2, %core_2_3}, 2 : i32) : !aie.objectfifo<memref<16896xi8>>
    aie.objectfifo.link [@B2_in] -> [@B2] ([] [])
    aie.objectfifo @C2_0(%core_2_0, { %mem_2 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C2_1(%core_2_1, { %mem_2 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C2_2(%core_2_2, { %mem_2 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C2_3(%core_2_3, { %mem_2 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C2_out(%mem_2, { %shim_2 }, 2 : i32) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo.link [@C2_0, @C2_1, @C2_2, @C2_3] -> [@C2_out] ([0, 512, 1024, 1536] [])
    aie.objectfifo @B3_in(%shim_3, { %mem_3 }, 4 : i32) : !aie.objectfifo<memref<16896xi8>>
    aie.objectfifo @B3(%mem_3, {%core_3_0, %core_3_1, %core_3_2, %core_3_3}, 2 : i32) : !aie.objectfifo<memref<16896xi8>>
    aie.objectfifo.link [@B3_in] -> [@B3] ([] [])
    aie.objectfifo @C3_0(%core_3_0, { %mem_3 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C3_1(%core_3_1, { %mem_3 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C3_2(%core_3_2, { %mem_3 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C3_3(%core_3_3, { %mem_3 }, [1 : i32, 2 : i32]) : !aie.objectfifo<memref<512xi8>>
    aie.objectfifo @C3_out(%mem_3, { %shim_3 }, 2 : i32) : !aie.objectfifo<memref<2048xi8>>
    aie.objectfifo.link [@C3_0, @C3_1, @C3_2, @C3_3] -> [@C3_out] ([0, 512, 1024, 1536] [])

    func.func private @decoder_command(memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) attributes {link_with = "decoder_load.o"}
    func.func private @decoder_load(memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) attributes {link_with = "decoder_load.o"}
    func.func private @decoder_step(memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) attributes {link_with = "decoder_dispatch.o"}
    func.func private @decoder_side(memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) attributes {link_with = "decoder_dispatch.o"}
    func.func private @decoder_finish(memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) attributes {link_with = "decoder_dispatch.o"}

    %x_0_0 = aie.buffer(%core_0_0) {sym_name = "x_0_0"} : memref<8192xi8>
    %y_0_0 = aie.buffer(%core_0_0) {sym_name = "y_0_0"} : memref<2048xi32>
    %stats_0_0 = aie.buffer(%core_0_0) {sym_name = "stats_0_0"} : memref<160xi32>
    %top_0_0 = aie.buffer(%core_0_0) {sym_name = "top_0_0"} : memref<288xi32>
    %params_0_0 = aie.buffer(%core_0_0) {sym_name = "params_0_0"} : memref<64xi32>
    %body_0_0 = aie.core(%core_0_0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 0 : i32
      %column = arith.constant 0 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_0_0, %top_0_0, %params_0_0, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A0(Consume, 1)
        %i_first = memref.load %params_0_0[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_0_0[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_0_0[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_0_0[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_0_0[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_0_0[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_0_0[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_0_0, %y_0_0, %stats_0_0, %params_0_0, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A0(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_0_0, %y_0_0, %stats_0_0, %params_0_0, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A0(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_0_0, %y_0_0, %stats_0_0, %params_0_0, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B0(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_0_0, %top_0_0, %params_0_0, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A0(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C0_0(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_0_0, %stats_0_0, %top_0_0, %params_0_0, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C0_0(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}

    %x_0_1 = aie.buffer(%core_0_1) {sym_name = "x_0_1"} : memref<8192xi8>
    %y_0_1 = aie.buffer(%core_0_1) {sym_name = "y_0_1"} : memref<2048xi32>
    %stats_0_1 = aie.buffer(%core_0_1) {sym_name = "stats_0_1"} : memref<160xi32>
    %top_0_1 = aie.buffer(%core_0_1) {sym_name = "top_0_1"} : memref<288xi32>
    %params_0_1 = aie.buffer(%core_0_1) {sym_name = "params_0_1"} : memref<64xi32>
    %body_0_1 = aie.core(%core_0_1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 1 : i32
      %column = arith.constant 0 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_0_1, %top_0_1, %params_0_1, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A1(Consume, 1)
        %i_first = memref.load %params_0_1[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_0_1[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_0_1[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_0_1[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_0_1[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_0_1[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_0_1[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_0_1, %y_0_1, %stats_0_1, %params_0_1, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A1(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_0_1, %y_0_1, %stats_0_1, %params_0_1, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A1(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_0_1, %y_0_1, %stats_0_1, %params_0_1, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B0(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_0_1, %top_0_1, %params_0_1, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A1(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C0_1(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_0_1, %stats_0_1, %top_0_1, %params_0_1, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C0_1(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}

    %x_0_2 = aie.buffer(%core_0_2) {sym_name = "x_0_2"} : memref<8192xi8>
    %y_0_2 = aie.buffer(%core_0_2) {sym_name = "y_0_2"} : memref<2048xi32>
    %stats_0_2 = aie.buffer(%core_0_2) {sym_name = "stats_0_2"} : memref<160xi32>
    %top_0_2 = aie.buffer(%core_0_2) {sym_name = "top_0_2"} : memref<288xi32>
    %params_0_2 = aie.buffer(%core_0_2) {sym_name = "params_0_2"} : memref<64xi32>
    %body_0_2 = aie.core(%core_0_2) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 2 : i32
      %column = arith.constant 0 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_0_2, %top_0_2, %params_0_2, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A2(Consume, 1)
        %i_first = memref.load %params_0_2[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_0_2[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_0_2[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_0_2[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_0_2[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_0_2[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_0_2[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_0_2, %y_0_2, %stats_0_2, %params_0_2, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A2(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_0_2, %y_0_2, %stats_0_2, %params_0_2, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A2(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_0_2, %y_0_2, %stats_0_2, %params_0_2, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B0(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_0_2, %top_0_2, %params_0_2, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A2(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C0_2(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_0_2, %stats_0_2, %top_0_2, %params_0_2, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C0_2(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}

    %x_0_3 = aie.buffer(%core_0_3) {sym_name = "x_0_3"} : memref<8192xi8>
    %y_0_3 = aie.buffer(%core_0_3) {sym_name = "y_0_3"} : memref<2048xi32>
    %stats_0_3 = aie.buffer(%core_0_3) {sym_name = "stats_0_3"} : memref<160xi32>
    %top_0_3 = aie.buffer(%core_0_3) {sym_name = "top_0_3"} : memref<288xi32>
    %params_0_3 = aie.buffer(%core_0_3) {sym_name = "params_0_3"} : memref<64xi32>
    %body_0_3 = aie.core(%core_0_3) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 3 : i32
      %column = arith.constant 0 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_0_3, %top_0_3, %params_0_3, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A3(Consume, 1)
        %i_first = memref.load %params_0_3[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_0_3[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_0_3[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_0_3[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_0_3[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_0_3[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_0_3[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_0_3, %y_0_3, %stats_0_3, %params_0_3, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A3(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_0_3, %y_0_3, %stats_0_3, %params_0_3, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A3(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_0_3, %y_0_3, %stats_0_3, %params_0_3, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B0(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_0_3, %top_0_3, %params_0_3, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A3(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C0_3(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_0_3, %stats_0_3, %top_0_3, %params_0_3, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C0_3(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}

    %x_1_0 = aie.buffer(%core_1_0) {sym_name = "x_1_0"} : memref<8192xi8>
    %y_1_0 = aie.buffer(%core_1_0) {sym_name = "y_1_0"} : memref<2048xi32>
    %stats_1_0 = aie.buffer(%core_1_0) {sym_name = "stats_1_0"} : memref<160xi32>
    %top_1_0 = aie.buffer(%core_1_0) {sym_name = "top_1_0"} : memref<288xi32>
    %params_1_0 = aie.buffer(%core_1_0) {sym_name = "params_1_0"} : memref<64xi32>
    %body_1_0 = aie.core(%core_1_0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 0 : i32
      %column = arith.constant 1 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_1_0, %top_1_0, %params_1_0, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A0(Consume, 1)
        %i_first = memref.load %params_1_0[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_1_0[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_1_0[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_1_0[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_1_0[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_1_0[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_1_0[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_1_0, %y_1_0, %stats_1_0, %params_1_0, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A0(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_1_0, %y_1_0, %stats_1_0, %params_1_0, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A0(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_1_0, %y_1_0, %stats_1_0, %params_1_0, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B1(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_1_0, %top_1_0, %params_1_0, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A0(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C1_0(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_1_0, %stats_1_0, %top_1_0, %params_1_0, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C1_0(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}

    %x_1_1 = aie.buffer(%core_1_1) {sym_name = "x_1_1"} : memref<8192xi8>
    %y_1_1 = aie.buffer(%core_1_1) {sym_name = "y_1_1"} : memref<2048xi32>
    %stats_1_1 = aie.buffer(%core_1_1) {sym_name = "stats_1_1"} : memref<160xi32>
    %top_1_1 = aie.buffer(%core_1_1) {sym_name = "top_1_1"} : memref<288xi32>
    %params_1_1 = aie.buffer(%core_1_1) {sym_name = "params_1_1"} : memref<64xi32>
    %body_1_1 = aie.core(%core_1_1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 1 : i32
      %column = arith.constant 1 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_1_1, %top_1_1, %params_1_1, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A1(Consume, 1)
        %i_first = memref.load %params_1_1[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_1_1[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_1_1[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_1_1[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_1_1[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_1_1[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_1_1[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_1_1, %y_1_1, %stats_1_1, %params_1_1, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A1(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_1_1, %y_1_1, %stats_1_1, %params_1_1, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A1(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_1_1, %y_1_1, %stats_1_1, %params_1_1, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B1(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_1_1, %top_1_1, %params_1_1, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A1(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C1_1(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_1_1, %stats_1_1, %top_1_1, %params_1_1, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C1_1(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}

    %x_1_2 = aie.buffer(%core_1_2) {sym_name = "x_1_2"} : memref<8192xi8>
    %y_1_2 = aie.buffer(%core_1_2) {sym_name = "y_1_2"} : memref<2048xi32>
    %stats_1_2 = aie.buffer(%core_1_2) {sym_name = "stats_1_2"} : memref<160xi32>
    %top_1_2 = aie.buffer(%core_1_2) {sym_name = "top_1_2"} : memref<288xi32>
    %params_1_2 = aie.buffer(%core_1_2) {sym_name = "params_1_2"} : memref<64xi32>
    %body_1_2 = aie.core(%core_1_2) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 2 : i32
      %column = arith.constant 1 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_1_2, %top_1_2, %params_1_2, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A2(Consume, 1)
        %i_first = memref.load %params_1_2[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_1_2[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_1_2[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_1_2[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_1_2[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_1_2[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_1_2[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_1_2, %y_1_2, %stats_1_2, %params_1_2, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A2(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_1_2, %y_1_2, %stats_1_2, %params_1_2, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A2(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_1_2, %y_1_2, %stats_1_2, %params_1_2, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B1(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_1_2, %top_1_2, %params_1_2, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A2(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C1_2(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_1_2, %stats_1_2, %top_1_2, %params_1_2, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C1_2(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}

    %x_1_3 = aie.buffer(%core_1_3) {sym_name = "x_1_3"} : memref<8192xi8>
    %y_1_3 = aie.buffer(%core_1_3) {sym_name = "y_1_3"} : memref<2048xi32>
    %stats_1_3 = aie.buffer(%core_1_3) {sym_name = "stats_1_3"} : memref<160xi32>
    %top_1_3 = aie.buffer(%core_1_3) {sym_name = "top_1_3"} : memref<288xi32>
    %params_1_3 = aie.buffer(%core_1_3) {sym_name = "params_1_3"} : memref<64xi32>
    %body_1_3 = aie.core(%core_1_3) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 3 : i32
      %column = arith.constant 1 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_1_3, %top_1_3, %params_1_3, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A3(Consume, 1)
        %i_first = memref.load %params_1_3[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_1_3[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_1_3[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_1_3[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_1_3[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_1_3[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_1_3[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_1_3, %y_1_3, %stats_1_3, %params_1_3, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A3(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_1_3, %y_1_3, %stats_1_3, %params_1_3, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A3(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_1_3, %y_1_3, %stats_1_3, %params_1_3, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B1(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_1_3, %top_1_3, %params_1_3, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A3(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C1_3(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_1_3, %stats_1_3, %top_1_3, %params_1_3, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C1_3(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}

    %x_2_0 = aie.buffer(%core_2_0) {sym_name = "x_2_0"} : memref<8192xi8>
    %y_2_0 = aie.buffer(%core_2_0) {sym_name = "y_2_0"} : memref<2048xi32>
    %stats_2_0 = aie.buffer(%core_2_0) {sym_name = "stats_2_0"} : memref<160xi32>
    %top_2_0 = aie.buffer(%core_2_0) {sym_name = "top_2_0"} : memref<288xi32>
    %params_2_0 = aie.buffer(%core_2_0) {sym_name = "params_2_0"} : memref<64xi32>
    %body_2_0 = aie.core(%core_2_0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 0 : i32
      %column = arith.constant 2 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_2_0, %top_2_0, %params_2_0, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A0(Consume, 1)
        %i_first = memref.load %params_2_0[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_2_0[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_2_0[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_2_0[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_2_0[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_2_0[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_2_0[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_2_0, %y_2_0, %stats_2_0, %params_2_0, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A0(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_2_0, %y_2_0, %stats_2_0, %params_2_0, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A0(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_2_0, %y_2_0, %stats_2_0, %params_2_0, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B2(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_2_0, %top_2_0, %params_2_0, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A0(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C2_0(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_2_0, %stats_2_0, %top_2_0, %params_2_0, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C2_0(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}

    %x_2_1 = aie.buffer(%core_2_1) {sym_name = "x_2_1"} : memref<8192xi8>
    %y_2_1 = aie.buffer(%core_2_1) {sym_name = "y_2_1"} : memref<2048xi32>
    %stats_2_1 = aie.buffer(%core_2_1) {sym_name = "stats_2_1"} : memref<160xi32>
    %top_2_1 = aie.buffer(%core_2_1) {sym_name = "top_2_1"} : memref<288xi32>
    %params_2_1 = aie.buffer(%core_2_1) {sym_name = "params_2_1"} : memref<64xi32>
    %body_2_1 = aie.core(%core_2_1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 1 : i32
      %column = arith.constant 2 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_2_1, %top_2_1, %params_2_1, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A1(Consume, 1)
        %i_first = memref.load %params_2_1[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_2_1[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_2_1[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_2_1[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_2_1[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_2_1[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_2_1[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_2_1, %y_2_1, %stats_2_1, %params_2_1, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A1(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_2_1, %y_2_1, %stats_2_1, %params_2_1, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A1(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_2_1, %y_2_1, %stats_2_1, %params_2_1, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B2(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_2_1, %top_2_1, %params_2_1, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A1(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C2_1(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_2_1, %stats_2_1, %top_2_1, %params_2_1, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C2_1(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}

    %x_2_2 = aie.buffer(%core_2_2) {sym_name = "x_2_2"} : memref<8192xi8>
    %y_2_2 = aie.buffer(%core_2_2) {sym_name = "y_2_2"} : memref<2048xi32>
    %stats_2_2 = aie.buffer(%core_2_2) {sym_name = "stats_2_2"} : memref<160xi32>
    %top_2_2 = aie.buffer(%core_2_2) {sym_name = "top_2_2"} : memref<288xi32>
    %params_2_2 = aie.buffer(%core_2_2) {sym_name = "params_2_2"} : memref<64xi32>
    %body_2_2 = aie.core(%core_2_2) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 2 : i32
      %column = arith.constant 2 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_2_2, %top_2_2, %params_2_2, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A2(Consume, 1)
        %i_first = memref.load %params_2_2[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_2_2[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_2_2[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_2_2[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_2_2[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_2_2[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_2_2[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_2_2, %y_2_2, %stats_2_2, %params_2_2, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A2(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_2_2, %y_2_2, %stats_2_2, %params_2_2, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A2(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_2_2, %y_2_2, %stats_2_2, %params_2_2, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B2(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_2_2, %top_2_2, %params_2_2, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A2(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C2_2(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_2_2, %stats_2_2, %top_2_2, %params_2_2, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C2_2(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}

    %x_2_3 = aie.buffer(%core_2_3) {sym_name = "x_2_3"} : memref<8192xi8>
    %y_2_3 = aie.buffer(%core_2_3) {sym_name = "y_2_3"} : memref<2048xi32>
    %stats_2_3 = aie.buffer(%core_2_3) {sym_name = "stats_2_3"} : memref<160xi32>
    %top_2_3 = aie.buffer(%core_2_3) {sym_name = "top_2_3"} : memref<288xi32>
    %params_2_3 = aie.buffer(%core_2_3) {sym_name = "params_2_3"} : memref<64xi32>
    %body_2_3 = aie.core(%core_2_3) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 3 : i32
      %column = arith.constant 2 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_2_3, %top_2_3, %params_2_3, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A3(Consume, 1)
        %i_first = memref.load %params_2_3[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_2_3[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_2_3[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_2_3[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_2_3[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_2_3[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_2_3[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_2_3, %y_2_3, %stats_2_3, %params_2_3, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A3(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_2_3, %y_2_3, %stats_2_3, %params_2_3, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A3(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_2_3, %y_2_3, %stats_2_3, %params_2_3, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B2(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_2_3, %top_2_3, %params_2_3, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A3(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C2_3(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_2_3, %stats_2_3, %top_2_3, %params_2_3, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C2_3(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}

    %x_3_0 = aie.buffer(%core_3_0) {sym_name = "x_3_0"} : memref<8192xi8>
    %y_3_0 = aie.buffer(%core_3_0) {sym_name = "y_3_0"} : memref<2048xi32>
    %stats_3_0 = aie.buffer(%core_3_0) {sym_name = "stats_3_0"} : memref<160xi32>
    %top_3_0 = aie.buffer(%core_3_0) {sym_name = "top_3_0"} : memref<288xi32>
    %params_3_0 = aie.buffer(%core_3_0) {sym_name = "params_3_0"} : memref<64xi32>
    %body_3_0 = aie.core(%core_3_0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 0 : i32
      %column = arith.constant 3 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_3_0, %top_3_0, %params_3_0, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A0(Consume, 1)
        %i_first = memref.load %params_3_0[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_3_0[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_3_0[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_3_0[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_3_0[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_3_0[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_3_0[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_3_0, %y_3_0, %stats_3_0, %params_3_0, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A0(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_3_0, %y_3_0, %stats_3_0, %params_3_0, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A0(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_3_0, %y_3_0, %stats_3_0, %params_3_0, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B3(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_3_0, %top_3_0, %params_3_0, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A0(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C3_0(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_3_0, %stats_3_0, %top_3_0, %params_3_0, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C3_0(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}

    %x_3_1 = aie.buffer(%core_3_1) {sym_name = "x_3_1"} : memref<8192xi8>
    %y_3_1 = aie.buffer(%core_3_1) {sym_name = "y_3_1"} : memref<2048xi32>
    %stats_3_1 = aie.buffer(%core_3_1) {sym_name = "stats_3_1"} : memref<160xi32>
    %top_3_1 = aie.buffer(%core_3_1) {sym_name = "top_3_1"} : memref<288xi32>
    %params_3_1 = aie.buffer(%core_3_1) {sym_name = "params_3_1"} : memref<64xi32>
    %body_3_1 = aie.core(%core_3_1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 1 : i32
      %column = arith.constant 3 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_3_1, %top_3_1, %params_3_1, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A1(Consume, 1)
        %i_first = memref.load %params_3_1[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_3_1[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_3_1[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_3_1[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_3_1[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_3_1[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_3_1[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_3_1, %y_3_1, %stats_3_1, %params_3_1, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A1(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_3_1, %y_3_1, %stats_3_1, %params_3_1, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A1(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_3_1, %y_3_1, %stats_3_1, %params_3_1, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B3(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_3_1, %top_3_1, %params_3_1, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A1(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C3_1(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_3_1, %stats_3_1, %top_3_1, %params_3_1, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C3_1(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}

    %x_3_2 = aie.buffer(%core_3_2) {sym_name = "x_3_2"} : memref<8192xi8>
    %y_3_2 = aie.buffer(%core_3_2) {sym_name = "y_3_2"} : memref<2048xi32>
    %stats_3_2 = aie.buffer(%core_3_2) {sym_name = "stats_3_2"} : memref<160xi32>
    %top_3_2 = aie.buffer(%core_3_2) {sym_name = "top_3_2"} : memref<288xi32>
    %params_3_2 = aie.buffer(%core_3_2) {sym_name = "params_3_2"} : memref<64xi32>
    %body_3_2 = aie.core(%core_3_2) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 2 : i32
      %column = arith.constant 3 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_3_2, %top_3_2, %params_3_2, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A2(Consume, 1)
        %i_first = memref.load %params_3_2[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_3_2[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_3_2[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_3_2[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_3_2[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_3_2[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_3_2[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_3_2, %y_3_2, %stats_3_2, %params_3_2, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A2(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_3_2, %y_3_2, %stats_3_2, %params_3_2, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A2(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_3_2, %y_3_2, %stats_3_2, %params_3_2, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B3(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_3_2, %top_3_2, %params_3_2, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A2(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C3_2(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_3_2, %stats_3_2, %top_3_2, %params_3_2, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C3_2(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}

    %x_3_3 = aie.buffer(%core_3_3) {sym_name = "x_3_3"} : memref<8192xi8>
    %y_3_3 = aie.buffer(%core_3_3) {sym_name = "y_3_3"} : memref<2048xi32>
    %stats_3_3 = aie.buffer(%core_3_3) {sym_name = "stats_3_3"} : memref<160xi32>
    %top_3_3 = aie.buffer(%core_3_3) {sym_name = "top_3_3"} : memref<288xi32>
    %params_3_3 = aie.buffer(%core_3_3) {sym_name = "params_3_3"} : memref<64xi32>
    %body_3_3 = aie.core(%core_3_3) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 3 : i32
      %column = arith.constant 3 : i32
      %zero = arith.constant 0 : i32
      %w_first = arith.constant 1 : index
      %w_chunks = arith.constant 2 : index
      %w_parts = arith.constant 3 : index
      %w_loads = arith.constant 4 : index
      %w_steps = arith.constant 5 : index
      %w_side = arith.constant 6 : index
      %w_objects = arith.constant 7 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
        func.call @decoder_command(%command, %y_3_3, %top_3_3, %params_3_3, %row) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
        aie.objectfifo.release @A3(Consume, 1)
        %i_first = memref.load %params_3_3[%w_first] : memref<64xi32>
        %n_first = arith.index_cast %i_first : i32 to index
        %i_chunks = memref.load %params_3_3[%w_chunks] : memref<64xi32>
        %n_chunks = arith.index_cast %i_chunks : i32 to index
        %i_parts = memref.load %params_3_3[%w_parts] : memref<64xi32>
        %n_parts = arith.index_cast %i_parts : i32 to index
        %i_loads = memref.load %params_3_3[%w_loads] : memref<64xi32>
        %n_loads = arith.index_cast %i_loads : i32 to index
        %i_steps = memref.load %params_3_3[%w_steps] : memref<64xi32>
        %n_steps = arith.index_cast %i_steps : i32 to index
        %i_side = memref.load %params_3_3[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_objects = memref.load %params_3_3[%w_objects] : memref<64xi32>
        %n_objects = arith.index_cast %i_objects : i32 to index
        scf.for %s = %c0 to %n_first step %c1 {
          %load = arith.index_cast %s : index to i32
          %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
          func.call @decoder_load(%a, %x_3_3, %y_3_3, %stats_3_3, %params_3_3, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
          aie.objectfifo.release @A3(Consume, 1)
        }
        scf.for %o = %c0 to %n_chunks step %c1 {
          %chunk = arith.index_cast %o : index to i32
          scf.for %p = %c0 to %n_parts step %c1 {
            %part = arith.index_cast %p : index to i32
            scf.for %s = %c0 to %n_loads step %c1 {
              %load = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
              func.call @decoder_load(%a, %x_3_3, %y_3_3, %stats_3_3, %params_3_3, %load, %column) : (memref<2816xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32) -> ()
              aie.objectfifo.release @A3(Consume, 1)
            }
            scf.for %s = %c0 to %n_steps step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<16896xi8>
              func.call @decoder_step(%b, %x_3_3, %y_3_3, %stats_3_3, %params_3_3, %chunk, %part, %step, %row) : (memref<16896xi8>, memref<8192xi8>, memref<2048xi32>, memref<160xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @B3(Consume, 1)
            }
          }
          scf.for %s = %c0 to %n_side step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<2816xi8>
            func.call @decoder_side(%a, %y_3_3, %top_3_3, %params_3_3, %chunk, %step, %row, %column) : (memref<2816xi8>, memref<2048xi32>, memref<288xi32>, memref<64xi32>, i32, i32, i32, i32) -> ()
            aie.objectfifo.release @A3(Consume, 1)
          }
          scf.for %s = %c0 to %n_objects step %c1 {
            %object = arith.index_cast %s : index to i32
            %c = aie.objectfifo.acquire @C3_3(Produce, 1) : memref<512xi8>
            func.call @decoder_finish(%c, %y_3_3, %stats_3_3, %top_3_3, %params_3_3, %object) : (memref<512xi8>, memref<2048xi32>, memref<160xi32>, memref<288xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @C3_3(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
  }
}
