namespace Larder.Wasm.Validation;

/// <content>The table. A row starts with the number of its first name; the other names follow it.</content>
internal static partial class SimdInstructions
{
    private static SimdInstruction?[] Build()
    {
        var unary = new Shape([WasmType.V128], WasmType.V128);
        var binary = new Shape([WasmType.V128, WasmType.V128], WasmType.V128);
        var ternary = new Shape([WasmType.V128, WasmType.V128, WasmType.V128], WasmType.V128);
        var shift = new Shape([WasmType.V128, WasmType.I32], WasmType.V128);
        var test = new Shape([WasmType.V128], WasmType.I32);
        var table = new SimdInstruction?[Count];

        Add(0x00, Load(16), "v128.load");
        Add(0x01, Load(8), "v128.load8x8_s", "v128.load8x8_u", "v128.load16x4_s", "v128.load16x4_u");
        Add(0x05, Load(8), "v128.load32x2_s", "v128.load32x2_u");
        Add(0x07, Load(1), "v128.load8_splat");
        Add(0x08, Load(2), "v128.load16_splat");
        Add(0x09, Load(4), "v128.load32_splat");
        Add(0x0A, Load(8), "v128.load64_splat");
        Add(0x0B, new([WasmType.I32, WasmType.V128], WasmType.None, SimdImmediate.Memory, 16), "v128.store");
        Add(0x0C, new([], WasmType.V128, SimdImmediate.Constant), "v128.const");
        Add(0x0D, new([WasmType.V128, WasmType.V128], WasmType.V128, SimdImmediate.Shuffle), "i8x16.shuffle");
        Add(0x0E, binary, "i8x16.swizzle");
        Add(0x0F, Splat(WasmType.I32), "i8x16.splat", "i16x8.splat", "i32x4.splat");
        Add(0x12, Splat(WasmType.I64), "i64x2.splat");
        Add(0x13, Splat(WasmType.F32), "f32x4.splat");
        Add(0x14, Splat(WasmType.F64), "f64x2.splat");
        Add(0x15, Extract(WasmType.I32, 16), "i8x16.extract_lane_s", "i8x16.extract_lane_u");
        Add(0x17, Replace(WasmType.I32, 16), "i8x16.replace_lane");
        Add(0x18, Extract(WasmType.I32, 8), "i16x8.extract_lane_s", "i16x8.extract_lane_u");
        Add(0x1A, Replace(WasmType.I32, 8), "i16x8.replace_lane");
        Add(0x1B, Extract(WasmType.I32, 4), "i32x4.extract_lane");
        Add(0x1C, Replace(WasmType.I32, 4), "i32x4.replace_lane");
        Add(0x1D, Extract(WasmType.I64, 2), "i64x2.extract_lane");
        Add(0x1E, Replace(WasmType.I64, 2), "i64x2.replace_lane");
        Add(0x1F, Extract(WasmType.F32, 4), "f32x4.extract_lane");
        Add(0x20, Replace(WasmType.F32, 4), "f32x4.replace_lane");
        Add(0x21, Extract(WasmType.F64, 2), "f64x2.extract_lane");
        Add(0x22, Replace(WasmType.F64, 2), "f64x2.replace_lane");

        Add(0x23, binary, "i8x16.eq", "i8x16.ne", "i8x16.lt_s", "i8x16.lt_u", "i8x16.gt_s", "i8x16.gt_u",
            "i8x16.le_s", "i8x16.le_u", "i8x16.ge_s", "i8x16.ge_u");
        Add(0x2D, binary, "i16x8.eq", "i16x8.ne", "i16x8.lt_s", "i16x8.lt_u", "i16x8.gt_s", "i16x8.gt_u",
            "i16x8.le_s", "i16x8.le_u", "i16x8.ge_s", "i16x8.ge_u");
        Add(0x37, binary, "i32x4.eq", "i32x4.ne", "i32x4.lt_s", "i32x4.lt_u", "i32x4.gt_s", "i32x4.gt_u",
            "i32x4.le_s", "i32x4.le_u", "i32x4.ge_s", "i32x4.ge_u");
        Add(0x41, binary, "f32x4.eq", "f32x4.ne", "f32x4.lt", "f32x4.gt", "f32x4.le", "f32x4.ge");
        Add(0x47, binary, "f64x2.eq", "f64x2.ne", "f64x2.lt", "f64x2.gt", "f64x2.le", "f64x2.ge");

        Add(0x4D, unary, "v128.not");
        Add(0x4E, binary, "v128.and", "v128.andnot", "v128.or", "v128.xor");
        Add(0x52, ternary, "v128.bitselect");
        Add(0x53, test, "v128.any_true");

        Add(0x54, LoadLane(1), "v128.load8_lane");
        Add(0x55, LoadLane(2), "v128.load16_lane");
        Add(0x56, LoadLane(4), "v128.load32_lane");
        Add(0x57, LoadLane(8), "v128.load64_lane");
        Add(0x58, StoreLane(1), "v128.store8_lane");
        Add(0x59, StoreLane(2), "v128.store16_lane");
        Add(0x5A, StoreLane(4), "v128.store32_lane");
        Add(0x5B, StoreLane(8), "v128.store64_lane");
        Add(0x5C, Load(4), "v128.load32_zero");
        Add(0x5D, Load(8), "v128.load64_zero");
        Add(0x5E, unary, "f32x4.demote_f64x2_zero", "f64x2.promote_low_f32x4");

        Add(0x60, unary, "i8x16.abs", "i8x16.neg", "i8x16.popcnt");
        Add(0x63, test, "i8x16.all_true", "i8x16.bitmask");
        Add(0x65, binary, "i8x16.narrow_i16x8_s", "i8x16.narrow_i16x8_u");
        Add(0x67, unary, "f32x4.ceil", "f32x4.floor", "f32x4.trunc", "f32x4.nearest");
        Add(0x6B, shift, "i8x16.shl", "i8x16.shr_s", "i8x16.shr_u");
        Add(0x6E, binary, "i8x16.add", "i8x16.add_sat_s", "i8x16.add_sat_u", "i8x16.sub", "i8x16.sub_sat_s",
            "i8x16.sub_sat_u");
        Add(0x74, unary, "f64x2.ceil", "f64x2.floor");
        Add(0x76, binary, "i8x16.min_s", "i8x16.min_u", "i8x16.max_s", "i8x16.max_u");
        Add(0x7A, unary, "f64x2.trunc");
        Add(0x7B, binary, "i8x16.avgr_u");
        Add(0x7C, unary, "i16x8.extadd_pairwise_i8x16_s", "i16x8.extadd_pairwise_i8x16_u",
            "i32x4.extadd_pairwise_i16x8_s", "i32x4.extadd_pairwise_i16x8_u");

        Add(0x80, unary, "i16x8.abs", "i16x8.neg");
        Add(0x82, binary, "i16x8.q15mulr_sat_s");
        Add(0x83, test, "i16x8.all_true", "i16x8.bitmask");
        Add(0x85, binary, "i16x8.narrow_i32x4_s", "i16x8.narrow_i32x4_u");
        Add(0x87, unary, "i16x8.extend_low_i8x16_s", "i16x8.extend_high_i8x16_s", "i16x8.extend_low_i8x16_u",
            "i16x8.extend_high_i8x16_u");
        Add(0x8B, shift, "i16x8.shl", "i16x8.shr_s", "i16x8.shr_u");
        Add(0x8E, binary, "i16x8.add", "i16x8.add_sat_s", "i16x8.add_sat_u", "i16x8.sub", "i16x8.sub_sat_s",
            "i16x8.sub_sat_u");
        Add(0x94, unary, "f64x2.nearest");
        Add(0x95, binary, "i16x8.mul", "i16x8.min_s", "i16x8.min_u", "i16x8.max_s", "i16x8.max_u");
        Add(0x9B, binary, "i16x8.avgr_u");
        Add(0x9C, binary, "i16x8.extmul_low_i8x16_s", "i16x8.extmul_high_i8x16_s", "i16x8.extmul_low_i8x16_u",
            "i16x8.extmul_high_i8x16_u");

        Add(0xA0, unary, "i32x4.abs", "i32x4.neg");
        Add(0xA3, test, "i32x4.all_true", "i32x4.bitmask");
        Add(0xA7, unary, "i32x4.extend_low_i16x8_s", "i32x4.extend_high_i16x8_s", "i32x4.extend_low_i16x8_u",
            "i32x4.extend_high_i16x8_u");
        Add(0xAB, shift, "i32x4.shl", "i32x4.shr_s", "i32x4.shr_u");
        Add(0xAE, binary, "i32x4.add");
        Add(0xB1, binary, "i32x4.sub");
        Add(0xB5, binary, "i32x4.mul", "i32x4.min_s", "i32x4.min_u", "i32x4.max_s", "i32x4.max_u",
            "i32x4.dot_i16x8_s");
        Add(0xBC, binary, "i32x4.extmul_low_i16x8_s", "i32x4.extmul_high_i16x8_s", "i32x4.extmul_low_i16x8_u",
            "i32x4.extmul_high_i16x8_u");

        Add(0xC0, unary, "i64x2.abs", "i64x2.neg");
        Add(0xC3, test, "i64x2.all_true", "i64x2.bitmask");
        Add(0xC7, unary, "i64x2.extend_low_i32x4_s", "i64x2.extend_high_i32x4_s", "i64x2.extend_low_i32x4_u",
            "i64x2.extend_high_i32x4_u");
        Add(0xCB, shift, "i64x2.shl", "i64x2.shr_s", "i64x2.shr_u");
        Add(0xCE, binary, "i64x2.add");
        Add(0xD1, binary, "i64x2.sub");
        Add(0xD5, binary, "i64x2.mul", "i64x2.eq", "i64x2.ne", "i64x2.lt_s", "i64x2.gt_s", "i64x2.le_s",
            "i64x2.ge_s");
        Add(0xDC, binary, "i64x2.extmul_low_i32x4_s", "i64x2.extmul_high_i32x4_s", "i64x2.extmul_low_i32x4_u",
            "i64x2.extmul_high_i32x4_u");

        Add(0xE0, unary, "f32x4.abs", "f32x4.neg");
        Add(0xE3, unary, "f32x4.sqrt");
        Add(0xE4, binary, "f32x4.add", "f32x4.sub", "f32x4.mul", "f32x4.div", "f32x4.min", "f32x4.max", "f32x4.pmin",
            "f32x4.pmax");
        Add(0xEC, unary, "f64x2.abs", "f64x2.neg");
        Add(0xEF, unary, "f64x2.sqrt");
        Add(0xF0, binary, "f64x2.add", "f64x2.sub", "f64x2.mul", "f64x2.div", "f64x2.min", "f64x2.max", "f64x2.pmin",
            "f64x2.pmax");
        Add(0xF8, unary, "i32x4.trunc_sat_f32x4_s", "i32x4.trunc_sat_f32x4_u", "f32x4.convert_i32x4_s",
            "f32x4.convert_i32x4_u");
        Add(0xFC, unary, "i32x4.trunc_sat_f64x2_s_zero", "i32x4.trunc_sat_f64x2_u_zero", "f64x2.convert_low_i32x4_s",
            "f64x2.convert_low_i32x4_u");

        return table;

        void Add(int code, Shape shape, params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                table[code] = Create(code, name, shape);
                code++;
            }
        }
    }

    private static Shape Load(int bytes) => new([WasmType.I32], WasmType.V128, SimdImmediate.Memory, bytes);

    private static Shape LoadLane(int bytes) =>
        new([WasmType.I32, WasmType.V128], WasmType.V128, SimdImmediate.MemoryLane, bytes, 16 / bytes);

    private static Shape StoreLane(int bytes) =>
        new([WasmType.I32, WasmType.V128], WasmType.None, SimdImmediate.MemoryLane, bytes, 16 / bytes);

    private static Shape Splat(WasmType type) => new([type], WasmType.V128);

    private static Shape Extract(WasmType type, int lanes) =>
        new([WasmType.V128], type, SimdImmediate.Lane, Lanes: lanes);

    private static Shape Replace(WasmType type, int lanes) =>
        new([WasmType.V128, type], WasmType.V128, SimdImmediate.Lane, Lanes: lanes);
}
