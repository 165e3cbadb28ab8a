// Rendered by aiebuild 0.1.0 from encoder.mlir.j2 (macros: c3); do not edit.
//   a_columns = [0, 1, 2, 3]
//   a_object = "memref<8448xi8>"
//   acc = "memref<4096xi32>"
//   b_object = "memref<8448xi8>"
//   c_object = "memref<8448xi8>"
//   c_pin = " {prod_dma_channel = 3 : i32}"
//   columns = [0, 1, 2, 3]
//   cores = [{"column": 0, "id": "0_0", "row": 0, "tile": "%core_0_0"}, {"column": 0, "id": "0_1", "row": 1,... (16 entries)
//   device = "npu1"
//   join_offsets = [0, 8448, 16896, 25344]
//   joined = "memref<33792xi8>"
//   keep = {"channels": {"A": 2, "B": 0}, "joins": [1, 3, 4, 5], "parts": [{"free": 48, "full": 49, "number... (6 entries)
//   object = "memref<8448xi8>"
//   objects = {"encoder_attention": "encoder_attention.o", "encoder_command": "encoder_command.o", "encoder_di... (5 entries)
//   params = "memref<64xi32>"
//   rows = [0, 1, 2, 3]
//   scratch = "memref<512xi32>"
//   sequence = null
//   stack_size = 2048
//   stats = "memref<320xi32>"
//   trip_counts = [["tiles", 1], ["statistics", 2], ["products", 3], ["outputs", 4], ["side", 5], ["stream", 6]]
module {
  aie.device(npu1) @encoder {

    // Column c: shim -> memory tile -> cores. A broadcasts along rows, B down columns, C joins per column.
    // A's and B's ends at the memory tiles have depth 0: the runtime sequence fills parts of @keep and sends them, once or
    // again.
    %shim_0 = aie.tile(0, 0)
    %mem_0 = aie.tile(0, 1) {controller_id = #aie.packet_info<pkt_type = 0, pkt_id = 26>}
    %core_0_0 = aie.tile(0, 2)
    %core_0_1 = aie.tile(0, 3)
    %core_0_2 = aie.tile(0, 4)
    %core_0_3 = aie.tile(0, 5)
    %shim_1 = aie.tile(1, 0)
    %mem_1 = aie.tile(1, 1) {controller_id = #aie.packet_info<pkt_type = 0, pkt_id = 26>}
    %core_1_0 = aie.tile(1, 2)
    %core_1_1 = aie.tile(1, 3)
    %core_1_2 = aie.tile(1, 4)
    %core_1_3 = aie.tile(1, 5)
    %shim_2 = aie.tile(2, 0)
    %mem_2 = aie.tile(2, 1) {controller_id = #aie.packet_info<pkt_type = 0, pkt_id = 26>}
    %core_2_0 = aie.tile(2, 2)
    %core_2_1 = aie.tile(2, 3)
    %core_2_2 = aie.tile(2, 4)
    %core_2_3 = aie.tile(2, 5)
    %shim_3 = aie.tile(3, 0)
    %mem_3 = aie.tile(3, 1) {controller_id = #aie.packet_info<pkt_type = 0, pkt_id = 26>}
    %core_3_0 = aie.tile(3, 2)
    %core_3_1 = aie.tile(3, 3)
    %core_3_2 = aie.tile(3, 4)
    %core_3_3 = aie.tile(3, 5)
    aie.objectfifo @A0_in(%shim_0, { %mem_0 }, [2 : i32, 0 : i32]) {cons_dma_channels = array<i32: 2>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @A0(%mem_0, {%core_0_0, %core_1_0, %core_2_0, %core_3_0}, [0 : i32, 2 : i32, 2 : i32, 2 : i32, 2 : i32]) {prod_dma_channel = 2 : i32} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @A1_in(%shim_1, { %mem_1 }, [2 : i32, 0 : i32]) {cons_dma_channels = array<i32: 2>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @A1(%mem_1, {%core_0_1, %core_1_1, %core_2_1, %core_3_1}, [0 : i32, 2 : i32, 2 : i32, 2 : i32, 2 : i32]) {prod_dma_channel = 2 : i32} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @A2_in(%shim_2, { %mem_2 }, [2 : i32, 0 : i32]) {cons_dma_channels = array<i32: 2>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @A2(%mem_2, {%core_0_2, %core_1_2, %core_2_2, %core_3_2}, [0 : i32, 2 : i32, 2 : i32, 2 : i32, 2 : i32]) {prod_dma_channel = 2 : i32} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @A3_in(%shim_3, { %mem_3 }, [2 : i32, 0 : i32]) {cons_dma_channels = array<i32: 2>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @A3(%mem_3, {%core_0_3, %core_1_3, %core_2_3, %core_3_3}, [0 : i32, 2 : i32, 2 : i32, 2 : i32, 2 : i32]) {prod_dma_channel = 2 : i32} : !aie.objectfifo<memref<8448xi8>>
    // what the memory tile's tasks say when they are done, to the control processor
    aie.packet_flow(26) {
      aie.packet_source<%mem_0, TileControl : 0>
      aie.packet_dest<%shim_0, South : 0>
    } {keep_pkt_header = true, priority_route = true}
    %keep_0 = aie.buffer(%mem_0) {sym_name = "keep_0"} : memref<456192xi8>
    %free_0_0 = aie.lock(%mem_0, 48) {init = 48 : i32, sym_name = "free_0_0"}
    %full_0_0 = aie.lock(%mem_0, 49) {init = 0 : i32, sym_name = "full_0_0"}
    %free_0_1 = aie.lock(%mem_0, 50) {init = 48 : i32, sym_name = "free_0_1"}
    %full_0_1 = aie.lock(%mem_0, 51) {init = 0 : i32, sym_name = "full_0_1"}
    %free_0_2 = aie.lock(%mem_0, 52) {init = 48 : i32, sym_name = "free_0_2"}
    %full_0_2 = aie.lock(%mem_0, 53) {init = 0 : i32, sym_name = "full_0_2"}
    %free_0_3 = aie.lock(%mem_0, 54) {init = 48 : i32, sym_name = "free_0_3"}
    %full_0_3 = aie.lock(%mem_0, 55) {init = 0 : i32, sym_name = "full_0_3"}
    %free_0_4 = aie.lock(%mem_0, 56) {init = 48 : i32, sym_name = "free_0_4"}
    %full_0_4 = aie.lock(%mem_0, 57) {init = 0 : i32, sym_name = "full_0_4"}
    %free_0_5 = aie.lock(%mem_0, 58) {init = 48 : i32, sym_name = "free_0_5"}
    %full_0_5 = aie.lock(%mem_0, 59) {init = 0 : i32, sym_name = "full_0_5"}
    %free_0_6 = aie.lock(%mem_0, 60) {init = 48 : i32, sym_name = "free_0_6"}
    %full_0_6 = aie.lock(%mem_0, 61) {init = 0 : i32, sym_name = "full_0_6"}
    %free_0_7 = aie.lock(%mem_0, 62) {init = 48 : i32, sym_name = "free_0_7"}
    %full_0_7 = aie.lock(%mem_0, 63) {init = 0 : i32, sym_name = "full_0_7"}
    aie.objectfifo @B0_in(%shim_0, { %mem_0 }, [2 : i32, 0 : i32]) {cons_dma_channels = array<i32: 0>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @B0(%mem_0, {%core_0_0, %core_0_1, %core_0_2, %core_0_3}, [0 : i32, 2 : i32, 2 : i32, 2 : i32, 2 : i32]) {prod_dma_channel = 0 : i32} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C0_0(%core_0_0, { %mem_0 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 1>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C0_1(%core_0_1, { %mem_0 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 3>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C0_2(%core_0_2, { %mem_0 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 4>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C0_3(%core_0_3, { %mem_0 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 5>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C0_out(%mem_0, { %shim_0 }, 2 : i32) {prod_dma_channel = 3 : i32} : !aie.objectfifo<memref<33792xi8>>
    aie.objectfifo.link [@C0_0, @C0_1, @C0_2, @C0_3] -> [@C0_out] ([0, 8448, 16896, 25344] [])
    // what the memory tile's tasks say when they are done, to the control processor
    aie.packet_flow(26) {
      aie.packet_source<%mem_1, TileControl : 0>
      aie.packet_dest<%shim_1, South : 0>
    } {keep_pkt_header = true, priority_route = true}
    %keep_1 = aie.buffer(%mem_1) {sym_name = "keep_1"} : memref<456192xi8>
    %free_1_0 = aie.lock(%mem_1, 48) {init = 48 : i32, sym_name = "free_1_0"}
    %full_1_0 = aie.lock(%mem_1, 49) {init = 0 : i32, sym_name = "full_1_0"}
    %free_1_1 = aie.lock(%mem_1, 50) {init = 48 : i32, sym_name = "free_1_1"}
    %full_1_1 = aie.lock(%mem_1, 51) {init = 0 : i32, sym_name = "full_1_1"}
    %free_1_2 = aie.lock(%mem_1, 52) {init = 48 : i32, sym_name = "free_1_2"}
    %full_1_2 = aie.lock(%mem_1, 53) {init = 0 : i32, sym_name = "full_1_2"}
    %free_1_3 = aie.lock(%mem_1, 54) {init = 48 : i32, sym_name = "free_1_3"}
    %full_1_3 = aie.lock(%mem_1, 55) {init = 0 : i32, sym_name = "full_1_3"}
    %free_1_4 = aie.lock(%mem_1, 56) {init = 48 : i32, sym_name = "free_1_4"}
    %full_1_4 = aie.lock(%mem_1, 57) {init = 0 : i32, sym_name = "full_1_4"}
    %free_1_5 = aie.lock(%mem_1, 58) {init = 48 : i32, sym_name = "free_1_5"}
    %full_1_5 = aie.lock(%mem_1, 59) {init = 0 : i32, sym_name = "full_1_5"}
    %free_1_6 = aie.lock(%mem_1, 60) {init = 48 : i32, sym_name = "free_1_6"}
    %full_1_6 = aie.lock(%mem_1, 61) {init = 0 : i32, sym_name = "full_1_6"}
    %free_1_7 = aie.lock(%mem_1, 62) {init = 48 : i32, sym_name = "free_1_7"}
    %full_1_7 = aie.lock(%mem_1, 63) {init = 0 : i32, sym_name = "full_1_7"}
    aie.objectfifo @B1_in(%shim_1, { %mem_1 }, [2 : i32, 0 : i32]) {cons_dma_channels = array<i32: 0>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @B1(%mem_1, {%core_1_0, %core_1_1, %core_1_2, %core_1_3}, [0 : i32, 2 : i32, 2 : i32, 2 : i32, 2 : i32]) {prod_dma_channel = 0 : i32} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C1_0(%core_1_0, { %mem_1 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 1>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C1_1(%core_1_1, { %mem_1 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 3>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C1_2(%core_1_2, { %mem_1 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 4>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C1_3(%core_1_3, { %mem_1 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 5>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C1_out(%mem_1, { %shim_1 }, 2 : i32) {prod_dma_channel = 3 : i32} : !aie.objectfifo<memref<33792xi8>>
    aie.objectfifo.link [@C1_0, @C1_1, @C1_2, @C1_3] -> [@C1_out] ([0, 8448, 16896, 25344] [])
    // what the memory tile's tasks say when they are done, to the control processor
    aie.packet_flow(26) {
      aie.packet_source<%mem_2, TileControl : 0>
      aie.packet_dest<%shim_2, South : 0>
    } {keep_pkt_header = true, priority_route = true}
    %keep_2 = aie.buffer(%mem_2) {sym_name = "keep_2"} : memref<456192xi8>
    %free_2_0 = aie.lock(%mem_2, 48) {init = 48 : i32, sym_name = "free_2_0"}
    %full_2_0 = aie.lock(%mem_2, 49) {init = 0 : i32, sym_name = "full_2_0"}
    %free_2_1 = aie.lock(%mem_2, 50) {init = 48 : i32, sym_name = "free_2_1"}
    %full_2_1 = aie.lock(%mem_2, 51) {init = 0 : i32, sym_name = "full_2_1"}
    %free_2_2 = aie.lock(%mem_2, 52) {init = 48 : i32, sym_name = "free_2_2"}
    %full_2_2 = aie.lock(%mem_2, 53) {init = 0 : i32, sym_name = "full_2_2"}
    %free_2_3 = aie.lock(%mem_2, 54) {init = 48 : i32, sym_name = "free_2_3"}
    %full_2_3 = aie.lock(%mem_2, 55) {init = 0 : i32, sym_name = "full_2_3"}
    %free_2_4 = aie.lock(%mem_2, 56) {init = 48 : i32, sym_name = "free_2_4"}
    %full_2_4 = aie.lock(%mem_2, 57) {init = 0 : i32, sym_name = "full_2_4"}
    %free_2_5 = aie.lock(%mem_2, 58) {init = 48 : i32, sym_name = "free_2_5"}
    %full_2_5 = aie.lock(%mem_2, 59) {init = 0 : i32, sym_name = "full_2_5"}
    %free_2_6 = aie.lock(%mem_2, 60) {init = 48 : i32, sym_name = "free_2_6"}
    %full_2_6 = aie.lock(%mem_2, 61) {init = 0 : i32, sym_name = "full_2_6"}
    %free_2_7 = aie.lock(%mem_2, 62) {init = 48 : i32, sym_name = "free_2_7"}
    %full_2_7 = aie.lock(%mem_2, 63) {init = 0 : i32, sym_name = "full_2_7"}
    aie.objectfifo @B2_in(%shim_2, { %mem_2 }, [2 : i32, 0 : i32]) {cons_dma_channels = array<i32: 0>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @B2(%mem_2, {%core_2_0, %core_2_1, %core_2_2, %core_2_3}, [0 : i32, 2 : i32, 2 : i32, 2 : i32, 2 : i32]) {prod_dma_channel = 0 : i32} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C2_0(%core_2_0, { %mem_2 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 1>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C2_1(%core_2_1, { %mem_2 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 3>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C2_2(%core_2_2, { %mem_2 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 4>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C2_3(%core_2_3, { %mem_2 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 5>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C2_out(%mem_2, { %shim_2 }, 2 : i32) {prod_dma_channel = 3 : i32} : !aie.objectfifo<memref<33792xi8>>
    aie.objectfifo.link [@C2_0, @C2_1, @C2_2, @C2_3] -> [@C2_out] ([0, 8448, 16896, 25344] [])
    // what the memory tile's tasks say when they are done, to the control processor
    aie.packet_flow(26) {
      aie.packet_source<%mem_3, TileControl : 0>
      aie.packet_dest<%shim_3, South : 0>
    } {keep_pkt_header = true, priority_route = true}
    %keep_3 = aie.buffer(%mem_3) {sym_name = "keep_3"} : memref<456192xi8>
    %free_3_0 = aie.lock(%mem_3, 48) {init = 48 : i32, sym_name = "free_3_0"}
    %full_3_0 = aie.lock(%mem_3, 49) {init = 0 : i32, sym_name = "full_3_0"}
    %free_3_1 = aie.lock(%mem_3, 50) {init = 48 : i32, sym_name = "free_3_1"}
    %full_3_1 = aie.lock(%mem_3, 51) {init = 0 : i32, sym_name = "full_3_1"}
    %free_3_2 = aie.lock(%mem_3, 52) {init = 48 : i32, sym_name = "free_3_2"}
    %full_3_2 = aie.lock(%mem_3, 53) {init = 0 : i32, sym_name = "full_3_2"}
    %free_3_3 = aie.lock(%mem_3, 54) {init = 48 : i32, sym_name = "free_3_3"}
    %full_3_3 = aie.lock(%mem_3, 55) {init = 0 : i32, sym_name = "full_3_3"}
    %free_3_4 = aie.lock(%mem_3, 56) {init = 48 : i32, sym_name = "free_3_4"}
    %full_3_4 = aie.lock(%mem_3, 57) {init = 0 : i32, sym_name = "full_3_4"}
    %free_3_5 = aie.lock(%mem_3, 58) {init = 48 : i32, sym_name = "free_3_5"}
    %full_3_5 = aie.lock(%mem_3, 59) {init = 0 : i32, sym_name = "full_3_5"}
    %free_3_6 = aie.lock(%mem_3, 60) {init = 48 : i32, sym_name = "free_3_6"}
    %full_3_6 = aie.lock(%mem_3, 61) {init = 0 : i32, sym_name = "full_3_6"}
    %free_3_7 = aie.lock(%mem_3, 62) {init = 48 : i32, sym_name = "free_3_7"}
    %full_3_7 = aie.lock(%mem_3, 63) {init = 0 : i32, sym_name = "full_3_7"}
    aie.objectfifo @B3_in(%shim_3, { %mem_3 }, [2 : i32, 0 : i32]) {cons_dma_channels = array<i32: 0>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @B3(%mem_3, {%core_3_0, %core_3_1, %core_3_2, %core_3_3}, [0 : i32, 2 : i32, 2 : i32, 2 : i32, 2 : i32]) {prod_dma_channel = 0 : i32} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C3_0(%core_3_0, { %mem_3 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 1>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C3_1(%core_3_1, { %mem_3 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 3>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C3_2(%core_3_2, { %mem_3 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 4>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C3_3(%core_3_3, { %mem_3 }, [1 : i32, 2 : i32]) {cons_dma_channels = array<i32: 5>} : !aie.objectfifo<memref<8448xi8>>
    aie.objectfifo @C3_out(%mem_3, { %shim_3 }, 2 : i32) {prod_dma_channel = 3 : i32} : !aie.objectfifo<memref<33792xi8>>
    aie.objectfifo.link [@C3_0, @C3_1, @C3_2, @C3_3] -> [@C3_out] ([0, 8448, 16896, 25344] [])

    func.func private @encoder_command(memref<8448xi8>, memref<4096xi32>, memref<64xi32>) attributes {link_with = "encoder_command.o"}
    func.func private @encoder_norm_statistics(memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) attributes {link_with = "encoder_norm.o"}
    func.func private @encoder_gemm_step(memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) attributes {link_with = "encoder_gemm.o"}
    func.func private @encoder_side_step(memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) attributes {link_with = "encoder_dispatch.o"}
    func.func private @encoder_attention_step(memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) attributes {link_with = "encoder_attention.o"}
    func.func private @encoder_finish(memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) attributes {link_with = "encoder_dispatch.o"}
    %acc_0_0 = aie.buffer(%core_0_0) {sym_name = "acc_0_0"} : memref<4096xi32>
    %scratch_0_0 = aie.buffer(%core_0_0) {sym_name = "scratch_0_0"} : memref<512xi32>
    %stats_0_0 = aie.buffer(%core_0_0) {sym_name = "stats_0_0"} : memref<320xi32>
    %params_0_0 = aie.buffer(%core_0_0) {sym_name = "params_0_0"} : memref<64xi32>
    %body_0_0 = aie.core(%core_0_0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 0 : i32
      %column = arith.constant 0 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_0_0, %params_0_0) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A0(Consume, 1)
        %i_tiles = memref.load %params_0_0[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_0_0[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_0_0[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_0_0[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_0_0[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_0_0[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_0_0, %params_0_0, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A0(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_0_0, %scratch_0_0, %stats_0_0, %params_0_0, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A0(Consume, 1)
            aie.objectfifo.release @B0(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C0_0(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_0_0, %stats_0_0, %params_0_0, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A0(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_0_0, %scratch_0_0, %stats_0_0, %params_0_0, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B0(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_0_0, %stats_0_0, %params_0_0, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C0_0(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
    %acc_0_1 = aie.buffer(%core_0_1) {sym_name = "acc_0_1"} : memref<4096xi32>
    %scratch_0_1 = aie.buffer(%core_0_1) {sym_name = "scratch_0_1"} : memref<512xi32>
    %stats_0_1 = aie.buffer(%core_0_1) {sym_name = "stats_0_1"} : memref<320xi32>
    %params_0_1 = aie.buffer(%core_0_1) {sym_name = "params_0_1"} : memref<64xi32>
    %body_0_1 = aie.core(%core_0_1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 1 : i32
      %column = arith.constant 0 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_0_1, %params_0_1) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A1(Consume, 1)
        %i_tiles = memref.load %params_0_1[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_0_1[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_0_1[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_0_1[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_0_1[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_0_1[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_0_1, %params_0_1, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A1(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_0_1, %scratch_0_1, %stats_0_1, %params_0_1, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A1(Consume, 1)
            aie.objectfifo.release @B0(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C0_1(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_0_1, %stats_0_1, %params_0_1, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A1(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_0_1, %scratch_0_1, %stats_0_1, %params_0_1, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B0(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_0_1, %stats_0_1, %params_0_1, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C0_1(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
    %acc_0_2 = aie.buffer(%core_0_2) {sym_name = "acc_0_2"} : memref<4096xi32>
    %scratch_0_2 = aie.buffer(%core_0_2) {sym_name = "scratch_0_2"} : memref<512xi32>
    %stats_0_2 = aie.buffer(%core_0_2) {sym_name = "stats_0_2"} : memref<320xi32>
    %params_0_2 = aie.buffer(%core_0_2) {sym_name = "params_0_2"} : memref<64xi32>
    %body_0_2 = aie.core(%core_0_2) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 2 : i32
      %column = arith.constant 0 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_0_2, %params_0_2) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A2(Consume, 1)
        %i_tiles = memref.load %params_0_2[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_0_2[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_0_2[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_0_2[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_0_2[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_0_2[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_0_2, %params_0_2, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A2(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_0_2, %scratch_0_2, %stats_0_2, %params_0_2, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A2(Consume, 1)
            aie.objectfifo.release @B0(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C0_2(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_0_2, %stats_0_2, %params_0_2, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A2(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_0_2, %scratch_0_2, %stats_0_2, %params_0_2, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B0(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_0_2, %stats_0_2, %params_0_2, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C0_2(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
    %acc_0_3 = aie.buffer(%core_0_3) {sym_name = "acc_0_3"} : memref<4096xi32>
    %scratch_0_3 = aie.buffer(%core_0_3) {sym_name = "scratch_0_3"} : memref<512xi32>
    %stats_0_3 = aie.buffer(%core_0_3) {sym_name = "stats_0_3"} : memref<320xi32>
    %params_0_3 = aie.buffer(%core_0_3) {sym_name = "params_0_3"} : memref<64xi32>
    %body_0_3 = aie.core(%core_0_3) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 3 : i32
      %column = arith.constant 0 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_0_3, %params_0_3) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A3(Consume, 1)
        %i_tiles = memref.load %params_0_3[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_0_3[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_0_3[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_0_3[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_0_3[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_0_3[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_0_3, %params_0_3, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A3(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_0_3, %scratch_0_3, %stats_0_3, %params_0_3, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A3(Consume, 1)
            aie.objectfifo.release @B0(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C0_3(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_0_3, %stats_0_3, %params_0_3, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A3(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B0(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_0_3, %scratch_0_3, %stats_0_3, %params_0_3, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B0(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_0_3, %stats_0_3, %params_0_3, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C0_3(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
    %acc_1_0 = aie.buffer(%core_1_0) {sym_name = "acc_1_0"} : memref<4096xi32>
    %scratch_1_0 = aie.buffer(%core_1_0) {sym_name = "scratch_1_0"} : memref<512xi32>
    %stats_1_0 = aie.buffer(%core_1_0) {sym_name = "stats_1_0"} : memref<320xi32>
    %params_1_0 = aie.buffer(%core_1_0) {sym_name = "params_1_0"} : memref<64xi32>
    %body_1_0 = aie.core(%core_1_0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 0 : i32
      %column = arith.constant 1 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_1_0, %params_1_0) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A0(Consume, 1)
        %i_tiles = memref.load %params_1_0[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_1_0[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_1_0[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_1_0[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_1_0[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_1_0[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_1_0, %params_1_0, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A0(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_1_0, %scratch_1_0, %stats_1_0, %params_1_0, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A0(Consume, 1)
            aie.objectfifo.release @B1(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C1_0(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_1_0, %stats_1_0, %params_1_0, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A0(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_1_0, %scratch_1_0, %stats_1_0, %params_1_0, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B1(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_1_0, %stats_1_0, %params_1_0, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C1_0(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
    %acc_1_1 = aie.buffer(%core_1_1) {sym_name = "acc_1_1"} : memref<4096xi32>
    %scratch_1_1 = aie.buffer(%core_1_1) {sym_name = "scratch_1_1"} : memref<512xi32>
    %stats_1_1 = aie.buffer(%core_1_1) {sym_name = "stats_1_1"} : memref<320xi32>
    %params_1_1 = aie.buffer(%core_1_1) {sym_name = "params_1_1"} : memref<64xi32>
    %body_1_1 = aie.core(%core_1_1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 1 : i32
      %column = arith.constant 1 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_1_1, %params_1_1) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A1(Consume, 1)
        %i_tiles = memref.load %params_1_1[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_1_1[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_1_1[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_1_1[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_1_1[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_1_1[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_1_1, %params_1_1, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A1(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_1_1, %scratch_1_1, %stats_1_1, %params_1_1, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A1(Consume, 1)
            aie.objectfifo.release @B1(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C1_1(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_1_1, %stats_1_1, %params_1_1, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A1(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_1_1, %scratch_1_1, %stats_1_1, %params_1_1, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B1(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_1_1, %stats_1_1, %params_1_1, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C1_1(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
    %acc_1_2 = aie.buffer(%core_1_2) {sym_name = "acc_1_2"} : memref<4096xi32>
    %scratch_1_2 = aie.buffer(%core_1_2) {sym_name = "scratch_1_2"} : memref<512xi32>
    %stats_1_2 = aie.buffer(%core_1_2) {sym_name = "stats_1_2"} : memref<320xi32>
    %params_1_2 = aie.buffer(%core_1_2) {sym_name = "params_1_2"} : memref<64xi32>
    %body_1_2 = aie.core(%core_1_2) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 2 : i32
      %column = arith.constant 1 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_1_2, %params_1_2) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A2(Consume, 1)
        %i_tiles = memref.load %params_1_2[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_1_2[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_1_2[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_1_2[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_1_2[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_1_2[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_1_2, %params_1_2, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A2(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_1_2, %scratch_1_2, %stats_1_2, %params_1_2, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A2(Consume, 1)
            aie.objectfifo.release @B1(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C1_2(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_1_2, %stats_1_2, %params_1_2, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A2(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_1_2, %scratch_1_2, %stats_1_2, %params_1_2, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B1(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_1_2, %stats_1_2, %params_1_2, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C1_2(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
    %acc_1_3 = aie.buffer(%core_1_3) {sym_name = "acc_1_3"} : memref<4096xi32>
    %scratch_1_3 = aie.buffer(%core_1_3) {sym_name = "scratch_1_3"} : memref<512xi32>
    %stats_1_3 = aie.buffer(%core_1_3) {sym_name = "stats_1_3"} : memref<320xi32>
    %params_1_3 = aie.buffer(%core_1_3) {sym_name = "params_1_3"} : memref<64xi32>
    %body_1_3 = aie.core(%core_1_3) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 3 : i32
      %column = arith.constant 1 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_1_3, %params_1_3) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A3(Consume, 1)
        %i_tiles = memref.load %params_1_3[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_1_3[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_1_3[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_1_3[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_1_3[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_1_3[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_1_3, %params_1_3, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A3(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_1_3, %scratch_1_3, %stats_1_3, %params_1_3, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A3(Consume, 1)
            aie.objectfifo.release @B1(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C1_3(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_1_3, %stats_1_3, %params_1_3, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A3(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B1(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_1_3, %scratch_1_3, %stats_1_3, %params_1_3, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B1(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_1_3, %stats_1_3, %params_1_3, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C1_3(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
    %acc_2_0 = aie.buffer(%core_2_0) {sym_name = "acc_2_0"} : memref<4096xi32>
    %scratch_2_0 = aie.buffer(%core_2_0) {sym_name = "scratch_2_0"} : memref<512xi32>
    %stats_2_0 = aie.buffer(%core_2_0) {sym_name = "stats_2_0"} : memref<320xi32>
    %params_2_0 = aie.buffer(%core_2_0) {sym_name = "params_2_0"} : memref<64xi32>
    %body_2_0 = aie.core(%core_2_0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 0 : i32
      %column = arith.constant 2 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_2_0, %params_2_0) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A0(Consume, 1)
        %i_tiles = memref.load %params_2_0[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_2_0[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_2_0[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_2_0[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_2_0[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_2_0[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_2_0, %params_2_0, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A0(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_2_0, %scratch_2_0, %stats_2_0, %params_2_0, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A0(Consume, 1)
            aie.objectfifo.release @B2(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C2_0(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_2_0, %stats_2_0, %params_2_0, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A0(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_2_0, %scratch_2_0, %stats_2_0, %params_2_0, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B2(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_2_0, %stats_2_0, %params_2_0, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C2_0(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
    %acc_2_1 = aie.buffer(%core_2_1) {sym_name = "acc_2_1"} : memref<4096xi32>
    %scratch_2_1 = aie.buffer(%core_2_1) {sym_name = "scratch_2_1"} : memref<512xi32>
    %stats_2_1 = aie.buffer(%core_2_1) {sym_name = "stats_2_1"} : memref<320xi32>
    %params_2_1 = aie.buffer(%core_2_1) {sym_name = "params_2_1"} : memref<64xi32>
    %body_2_1 = aie.core(%core_2_1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 1 : i32
      %column = arith.constant 2 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_2_1, %params_2_1) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A1(Consume, 1)
        %i_tiles = memref.load %params_2_1[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_2_1[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_2_1[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_2_1[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_2_1[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_2_1[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_2_1, %params_2_1, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A1(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_2_1, %scratch_2_1, %stats_2_1, %params_2_1, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A1(Consume, 1)
            aie.objectfifo.release @B2(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C2_1(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_2_1, %stats_2_1, %params_2_1, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A1(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_2_1, %scratch_2_1, %stats_2_1, %params_2_1, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B2(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_2_1, %stats_2_1, %params_2_1, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C2_1(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
    %acc_2_2 = aie.buffer(%core_2_2) {sym_name = "acc_2_2"} : memref<4096xi32>
    %scratch_2_2 = aie.buffer(%core_2_2) {sym_name = "scratch_2_2"} : memref<512xi32>
    %stats_2_2 = aie.buffer(%core_2_2) {sym_name = "stats_2_2"} : memref<320xi32>
    %params_2_2 = aie.buffer(%core_2_2) {sym_name = "params_2_2"} : memref<64xi32>
    %body_2_2 = aie.core(%core_2_2) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 2 : i32
      %column = arith.constant 2 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_2_2, %params_2_2) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A2(Consume, 1)
        %i_tiles = memref.load %params_2_2[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_2_2[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_2_2[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_2_2[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_2_2[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_2_2[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_2_2, %params_2_2, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A2(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_2_2, %scratch_2_2, %stats_2_2, %params_2_2, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A2(Consume, 1)
            aie.objectfifo.release @B2(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C2_2(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_2_2, %stats_2_2, %params_2_2, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A2(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_2_2, %scratch_2_2, %stats_2_2, %params_2_2, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B2(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_2_2, %stats_2_2, %params_2_2, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C2_2(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
    %acc_2_3 = aie.buffer(%core_2_3) {sym_name = "acc_2_3"} : memref<4096xi32>
    %scratch_2_3 = aie.buffer(%core_2_3) {sym_name = "scratch_2_3"} : memref<512xi32>
    %stats_2_3 = aie.buffer(%core_2_3) {sym_name = "stats_2_3"} : memref<320xi32>
    %params_2_3 = aie.buffer(%core_2_3) {sym_name = "params_2_3"} : memref<64xi32>
    %body_2_3 = aie.core(%core_2_3) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 3 : i32
      %column = arith.constant 2 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_2_3, %params_2_3) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A3(Consume, 1)
        %i_tiles = memref.load %params_2_3[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_2_3[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_2_3[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_2_3[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_2_3[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_2_3[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_2_3, %params_2_3, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A3(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_2_3, %scratch_2_3, %stats_2_3, %params_2_3, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A3(Consume, 1)
            aie.objectfifo.release @B2(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C2_3(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_2_3, %stats_2_3, %params_2_3, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A3(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B2(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_2_3, %scratch_2_3, %stats_2_3, %params_2_3, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B2(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_2_3, %stats_2_3, %params_2_3, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C2_3(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
    %acc_3_0 = aie.buffer(%core_3_0) {sym_name = "acc_3_0"} : memref<4096xi32>
    %scratch_3_0 = aie.buffer(%core_3_0) {sym_name = "scratch_3_0"} : memref<512xi32>
    %stats_3_0 = aie.buffer(%core_3_0) {sym_name = "stats_3_0"} : memref<320xi32>
    %params_3_0 = aie.buffer(%core_3_0) {sym_name = "params_3_0"} : memref<64xi32>
    %body_3_0 = aie.core(%core_3_0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 0 : i32
      %column = arith.constant 3 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_3_0, %params_3_0) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A0(Consume, 1)
        %i_tiles = memref.load %params_3_0[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_3_0[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_3_0[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_3_0[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_3_0[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_3_0[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_3_0, %params_3_0, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A0(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_3_0, %scratch_3_0, %stats_3_0, %params_3_0, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A0(Consume, 1)
            aie.objectfifo.release @B3(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C3_0(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A0(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_3_0, %stats_3_0, %params_3_0, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A0(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_3_0, %scratch_3_0, %stats_3_0, %params_3_0, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B3(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_3_0, %stats_3_0, %params_3_0, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C3_0(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
    %acc_3_1 = aie.buffer(%core_3_1) {sym_name = "acc_3_1"} : memref<4096xi32>
    %scratch_3_1 = aie.buffer(%core_3_1) {sym_name = "scratch_3_1"} : memref<512xi32>
    %stats_3_1 = aie.buffer(%core_3_1) {sym_name = "stats_3_1"} : memref<320xi32>
    %params_3_1 = aie.buffer(%core_3_1) {sym_name = "params_3_1"} : memref<64xi32>
    %body_3_1 = aie.core(%core_3_1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 1 : i32
      %column = arith.constant 3 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_3_1, %params_3_1) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A1(Consume, 1)
        %i_tiles = memref.load %params_3_1[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_3_1[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_3_1[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_3_1[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_3_1[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_3_1[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_3_1, %params_3_1, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A1(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_3_1, %scratch_3_1, %stats_3_1, %params_3_1, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A1(Consume, 1)
            aie.objectfifo.release @B3(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C3_1(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A1(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_3_1, %stats_3_1, %params_3_1, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A1(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_3_1, %scratch_3_1, %stats_3_1, %params_3_1, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B3(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_3_1, %stats_3_1, %params_3_1, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C3_1(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
    %acc_3_2 = aie.buffer(%core_3_2) {sym_name = "acc_3_2"} : memref<4096xi32>
    %scratch_3_2 = aie.buffer(%core_3_2) {sym_name = "scratch_3_2"} : memref<512xi32>
    %stats_3_2 = aie.buffer(%core_3_2) {sym_name = "stats_3_2"} : memref<320xi32>
    %params_3_2 = aie.buffer(%core_3_2) {sym_name = "params_3_2"} : memref<64xi32>
    %body_3_2 = aie.core(%core_3_2) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 2 : i32
      %column = arith.constant 3 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_3_2, %params_3_2) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A2(Consume, 1)
        %i_tiles = memref.load %params_3_2[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_3_2[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_3_2[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_3_2[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_3_2[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_3_2[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_3_2, %params_3_2, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A2(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_3_2, %scratch_3_2, %stats_3_2, %params_3_2, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A2(Consume, 1)
            aie.objectfifo.release @B3(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C3_2(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A2(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_3_2, %stats_3_2, %params_3_2, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A2(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_3_2, %scratch_3_2, %stats_3_2, %params_3_2, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B3(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_3_2, %stats_3_2, %params_3_2, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C3_2(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
    %acc_3_3 = aie.buffer(%core_3_3) {sym_name = "acc_3_3"} : memref<4096xi32>
    %scratch_3_3 = aie.buffer(%core_3_3) {sym_name = "scratch_3_3"} : memref<512xi32>
    %stats_3_3 = aie.buffer(%core_3_3) {sym_name = "stats_3_3"} : memref<320xi32>
    %params_3_3 = aie.buffer(%core_3_3) {sym_name = "params_3_3"} : memref<64xi32>
    %body_3_3 = aie.core(%core_3_3) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 4294967295 : index
      %row = arith.constant 3 : i32
      %column = arith.constant 3 : i32
      %w_tiles = arith.constant 1 : index
      %w_statistics = arith.constant 2 : index
      %w_products = arith.constant 3 : index
      %w_outputs = arith.constant 4 : index
      %w_side = arith.constant 5 : index
      %w_stream = arith.constant 6 : index
      scf.for %operation = %c0 to %forever step %c1 {
        %command = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
        func.call @encoder_command(%command, %acc_3_3, %params_3_3) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>) -> ()
        aie.objectfifo.release @A3(Consume, 1)
        %i_tiles = memref.load %params_3_3[%w_tiles] : memref<64xi32>
        %n_tiles = arith.index_cast %i_tiles : i32 to index
        %i_statistics = memref.load %params_3_3[%w_statistics] : memref<64xi32>
        %n_statistics = arith.index_cast %i_statistics : i32 to index
        %i_products = memref.load %params_3_3[%w_products] : memref<64xi32>
        %n_products = arith.index_cast %i_products : i32 to index
        %i_outputs = memref.load %params_3_3[%w_outputs] : memref<64xi32>
        %n_outputs = arith.index_cast %i_outputs : i32 to index
        %i_side = memref.load %params_3_3[%w_side] : memref<64xi32>
        %n_side = arith.index_cast %i_side : i32 to index
        %i_stream = memref.load %params_3_3[%w_stream] : memref<64xi32>
        %n_stream = arith.index_cast %i_stream : i32 to index
        scf.for %t = %c0 to %n_tiles step %c1 {
          %tile = arith.index_cast %t : index to i32
          scf.for %s = %c0 to %n_statistics step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
            func.call @encoder_norm_statistics(%a, %acc_3_3, %params_3_3, %step, %column) : (memref<8448xi8>, memref<4096xi32>, memref<64xi32>, i32, i32) -> ()
            aie.objectfifo.release @A3(Consume, 1)
          }
          scf.for %s = %c0 to %n_products step %c1 {
            %step = arith.index_cast %s : index to i32
            %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
            %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<8448xi8>
            func.call @encoder_gemm_step(%a, %b, %acc_3_3, %scratch_3_3, %stats_3_3, %params_3_3, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
            aie.objectfifo.release @A3(Consume, 1)
            aie.objectfifo.release @B3(Consume, 1)
          }
          scf.for %o = %c0 to %n_outputs step %c1 {
            %output = arith.index_cast %o : index to i32
            %c = aie.objectfifo.acquire @C3_3(Produce, 1) : memref<8448xi8>
            scf.for %s = %c0 to %n_side step %c1 {
              %step = arith.index_cast %s : index to i32
              %a = aie.objectfifo.acquire @A3(Consume, 1) : memref<8448xi8>
              func.call @encoder_side_step(%a, %c, %acc_3_3, %stats_3_3, %params_3_3, %tile, %output, %step, %row, %column) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32, i32, i32) -> ()
              aie.objectfifo.release @A3(Consume, 1)
            }
            scf.for %s = %c0 to %n_stream step %c1 {
              %step = arith.index_cast %s : index to i32
              %b = aie.objectfifo.acquire @B3(Consume, 1) : memref<8448xi8>
              func.call @encoder_attention_step(%b, %c, %acc_3_3, %scratch_3_3, %stats_3_3, %params_3_3, %step) : (memref<8448xi8>, memref<8448xi8>, memref<4096xi32>, memref<512xi32>, memref<320xi32>, memref<64xi32>, i32) -> ()
              aie.objectfifo.release @B3(Consume, 1)
            }
            func.call @encoder_finish(%c, %acc_3_3, %stats_3_3, %params_3_3, %tile, %row, %column) : (memref<8448xi8>, memref<4096xi32>, memref<320xi32>, memref<64xi32>, i32, i32, i32) -> ()
            aie.objectfifo.release @C3_3(Produce, 1)
          }
        }
      }
      aie.end
    } {stack_size = 2048 : i32}
  }
}
