using System.Buffers.Binary;

namespace Larder.Wasm.Runtime;

/// <summary>
/// The machine code (x64, System V) that stands in front of the runtime's handler of segmentation faults. A fault
/// that the processor raised inside the arena is made to look exactly like the access to a null pointer, in the
/// signal's description (address, code) and in the saved registers (CR2); every other one is left as it is. Then the
/// handler that was there before gets control, with the same arguments on the same stack.
/// </summary>
internal static class GuardShim
{
    /// <summary>Where <c>siginfo_t</c> holds <c>si_code</c> (32 bits).</summary>
    public const int CodeOffset = 8;

    /// <summary>Where <c>siginfo_t</c> holds <c>si_addr</c> (64 bits).</summary>
    public const int AddressOffset = 16;

    /// <summary>Where <c>ucontext_t</c> holds the saved CR2 (64 bits): the 22nd of the registers that begin at byte 40.</summary>
    public const int FaultRegisterOffset = 40 + (22 * 8);

    /// <summary><c>SEGV_MAPERR</c>, the code of an access to an address that nothing is mapped at.</summary>
    public const int CodeNotMapped = 1;

    /// <summary>The code for one arena and one next handler; it can lie at any address.</summary>
    public static byte[] Assemble(nint arena, nuint length, nint next)
    {
        byte[] code =
        [
            0xF3, 0x0F, 0x1E, 0xFA, // endbr64
            0x83, 0x7E, CodeOffset, 0x00, // cmp dword [rsi + si_code], 0
            0x7E, 0x36, // jle pass: sent by a process, si_addr is not an address
            0x48, 0x8B, 0x46, AddressOffset, // mov rax, [rsi + si_addr]
            0x48, 0xB9, 0, 0, 0, 0, 0, 0, 0, 0, // mov rcx, arena
            0x48, 0x29, 0xC8, // sub rax, rcx
            0x48, 0xB9, 0, 0, 0, 0, 0, 0, 0, 0, // mov rcx, length
            0x48, 0x39, 0xC8, // cmp rax, rcx
            0x73, 0x16, // jae pass
            0x31, 0xC0, // xor eax, eax
            0x48, 0x89, 0x46, AddressOffset, // mov [rsi + si_addr], rax
            0x48, 0x89, 0x82, FaultRegisterOffset, 0, 0, 0, // mov [rdx + cr2], rax
            0xC7, 0x46, CodeOffset, CodeNotMapped, 0, 0, 0, // mov dword [rsi + si_code], SEGV_MAPERR
            0x66, 0x90, // nop
            0x48, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, // pass: mov rax, next
            0xFF, 0xE0, // jmp rax
        ];
        BinaryPrimitives.WriteInt64LittleEndian(code.AsSpan(16), arena);
        BinaryPrimitives.WriteUInt64LittleEndian(code.AsSpan(29), length);
        BinaryPrimitives.WriteInt64LittleEndian(code.AsSpan(66), next);
        return code;
    }
}
