using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.Intrinsics;

namespace Larder.Wasm.Compilation;

/// <summary>
/// Puts compiled methods together to an assembly, the file that the runtime loads. The same methods give the same bytes.
/// Not thread safe; writes one assembly. Source: ECMA-335, partition II, sections 22 to 25.
/// </summary>
internal sealed class AssemblyWriter
{
    /// <summary>Name of the assembly and of its one type, which holds a static method for each function.</summary>
    public const string Name = "Larder.Wasm.Generated";

    /// <summary>Name of the type.</summary>
    public const string TypeName = "Code";

    // The first method belongs to the attribute that opens the engine's internals.
    private const int FirstRow = 2;

    private const string AccessAttribute = "IgnoresAccessChecksToAttribute";

    private readonly WasmModule _module;
    private readonly MetadataBuilder _metadata = new();
    private readonly BlobBuilder _il = new();
    private readonly MethodBodyStreamEncoder _bodies;
    private readonly Dictionary<MethodBase, int> _methodTokens = [];
    private readonly Dictionary<Assembly, AssemblyReferenceHandle> _assemblies = [];
    private readonly Dictionary<Type, TypeReferenceHandle> _types = [];
    private readonly Dictionary<int, int> _signatureTokens = [];
    private readonly Dictionary<string, StandaloneSignatureHandle> _localSignatures = [];
    private readonly BlobBuilder _scratch = new();
    private int _vectorToken;

    public AssemblyWriter(WasmModule module)
    {
        _module = module;
        _bodies = new MethodBodyStreamEncoder(_il);
        _metadata.AddModule(
            0, _metadata.GetOrAddString(Name + ".dll"), _metadata.GetOrAddGuid(Guid.Empty), default, default);
        _metadata.AddAssembly(_metadata.GetOrAddString(Name), new Version(1, 0, 0, 0), default, default, 0, AssemblyHashAlgorithm.None);
        _metadata.AddTypeDefinition(
            default, default, _metadata.GetOrAddString("<Module>"), default, MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));
        _metadata.AddTypeDefinition(
            TypeAttributes.NotPublic | TypeAttributes.Sealed,
            _metadata.GetOrAddString("System.Runtime.CompilerServices"),
            _metadata.GetOrAddString(AccessAttribute),
            TypeReference(typeof(Attribute)),
            MetadataTokens.FieldDefinitionHandle(1),
            MetadataTokens.MethodDefinitionHandle(1));
        _metadata.AddTypeDefinition(
            TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed | TypeAttributes.BeforeFieldInit,
            default,
            _metadata.GetOrAddString(TypeName),
            TypeReference(typeof(object)),
            MetadataTokens.FieldDefinitionHandle(1),
            MetadataTokens.MethodDefinitionHandle(FirstRow));
        OpenAccess();
    }

    /// <summary>Adds the next method. The methods of the functions come first, in order.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="signature">Its signature.</param>
    /// <param name="code">Its code.</param>
    /// <param name="firstRegion">Number of the method of its first region, if it has any.</param>
    /// <param name="inlined">Whether the JIT compiler is to put it into its callers; null leaves it the choice.</param>
    /// <param name="optimized">Whether the JIT compiler is to optimise it at once.</param>
    /// <param name="attributes">What kind of method it is.</param>
    public void AddMethod(
        string name,
        BlobHandle signature,
        MethodCode code,
        int firstRegion = 0,
        bool? inlined = null,
        bool optimized = false,
        MethodAttributes attributes = MethodAttributes.Public | MethodAttributes.Static | MethodAttributes.HideBySig)
    {
        var body = _bodies.AddMethodBody(
            code.Code.Length,
            Math.Min(code.MaxStack, ushort.MaxValue),
            exceptionRegionCount: 0,
            hasSmallExceptionRegions: true,
            LocalSignature(code.Locals),
            MethodBodyAttributes.None);
        var writer = new BlobWriter(body.Instructions);
        writer.WriteBytes(code.Code);
        foreach (var relocation in code.Relocations)
        {
            writer.Offset = relocation.Position;
            writer.WriteInt32(Token(relocation, firstRegion));
        }

        _metadata.AddMethodDefinition(
            attributes,
            MethodImplAttributes.IL
                | (inlined switch
                {
                    true => MethodImplAttributes.AggressiveInlining,
                    false => MethodImplAttributes.NoInlining,
                    null => 0,
                })
                | (optimized ? MethodImplAttributes.AggressiveOptimization : 0),
            _metadata.GetOrAddString(name),
            signature,
            body.Offset,
            MetadataTokens.ParameterHandle(1));
    }

    /// <summary>The signature of the code of functions of a type: the parameters, then the base.</summary>
    public BlobHandle FunctionSignature(FunctionType type)
    {
        WriteFunctionSignature(type);
        return TakeBlob();
    }

    /// <summary>The signature of a region's method: variables, or their addresses, then the base; it answers a number.</summary>
    public BlobHandle RegionSignature(RegionCode region)
    {
        _scratch.WriteByte(0);
        _scratch.WriteCompressedInteger(region.Parameters.Count + 1);
        _scratch.WriteByte((byte)SignatureTypeCode.Int32);
        foreach (var (type, isAddress) in region.Parameters)
        {
            if (isAddress)
            {
                _scratch.WriteByte((byte)SignatureTypeCode.ByReference);
            }

            WriteType(_scratch, type);
        }

        _scratch.WriteByte((byte)SignatureTypeCode.IntPtr);
        return TakeBlob();
    }

    /// <summary>The signature of a method that takes addresses and returns nothing.</summary>
    public BlobHandle PointerSignature(int parameters)
    {
        _scratch.WriteByte(0);
        _scratch.WriteCompressedInteger(parameters);
        _scratch.WriteByte((byte)SignatureTypeCode.Void);
        for (; parameters > 0; parameters--)
        {
            _scratch.WriteByte((byte)SignatureTypeCode.IntPtr);
        }

        return TakeBlob();
    }

    /// <summary>The finished assembly.</summary>
    public byte[] Finish()
    {
        var image = new BlobBuilder();
        var builder = new ManagedPEBuilder(
            new PEHeaderBuilder(imageCharacteristics: Characteristics.Dll | Characteristics.ExecutableImage),
            new MetadataRootBuilder(_metadata),
            _il,
            deterministicIdProvider: _ => new BlobContentId(Guid.Empty, 0));
        builder.Serialize(image);
        return image.ToArray();
    }

    // Lets the code call internal methods of the engine; the runtime goes by the attribute's name.
    private void OpenAccess()
    {
        _scratch.WriteByte((byte)SignatureAttributes.Instance);
        _scratch.WriteCompressedInteger(1);
        _scratch.WriteByte((byte)SignatureTypeCode.Void);
        _scratch.WriteByte((byte)SignatureTypeCode.String);
        var signature = TakeBlob();
        var code = new IlWriter();
        code.LoadArgument(0);
        code.Call(typeof(Attribute).GetConstructor(BindingFlags.Instance | BindingFlags.NonPublic, [])!);
        code.Op(ILOpCode.Ret);
        var (bytes, relocations) = code.Finish();
        AddMethod(
            ".ctor",
            signature,
            new MethodCode(bytes, relocations, [], 1, []),
            attributes: MethodAttributes.Public | MethodAttributes.HideBySig | MethodAttributes.SpecialName | MethodAttributes.RTSpecialName);

        var value = new BlobBuilder();
        value.WriteUInt16(1);
        value.WriteSerializedString(typeof(AssemblyWriter).Assembly.GetName().Name);
        value.WriteUInt16(0);
        _metadata.AddCustomAttribute(
            EntityHandle.AssemblyDefinition,
            MetadataTokens.MethodDefinitionHandle(1),
            _metadata.GetOrAddBlob(value));
    }

    private int Token(Relocation relocation, int firstRegion) => relocation.Kind switch
    {
        TokenKind.Method => MethodToken(relocation.Method!),
        TokenKind.Function => MetadataTokens.GetToken(MetadataTokens.MethodDefinitionHandle(FirstRow + relocation.Index)),
        TokenKind.Region => MetadataTokens.GetToken(MetadataTokens.MethodDefinitionHandle(FirstRow + firstRegion + relocation.Index)),
        TokenKind.Signature => SignatureToken(relocation.Index),
        TokenKind.VectorType => VectorToken(),
        _ => throw new InvalidOperationException($"No token is known for {relocation.Kind}."),
    };

    private int MethodToken(MethodBase method)
    {
        if (_methodTokens.TryGetValue(method, out var token))
        {
            return token;
        }

        var parameters = method.GetParameters();
        var parent = TypeReference(method.DeclaringType!);
        _scratch.WriteByte(method.IsStatic ? (byte)0 : (byte)SignatureAttributes.Instance);
        _scratch.WriteCompressedInteger(parameters.Length);
        WriteType(_scratch, method is MethodInfo info ? info.ReturnType : typeof(void));
        foreach (var parameter in parameters)
        {
            WriteType(_scratch, parameter.ParameterType);
        }

        var handle = _metadata.AddMemberReference(parent, _metadata.GetOrAddString(method.Name), TakeBlob());
        token = MetadataTokens.GetToken(handle);
        _methodTokens.Add(method, token);
        return token;
    }

    private int SignatureToken(int typeIndex)
    {
        if (!_signatureTokens.TryGetValue(typeIndex, out var token))
        {
            WriteFunctionSignature(_module.Types[typeIndex]);
            token = MetadataTokens.GetToken(_metadata.AddStandaloneSignature(TakeBlob()));
            _signatureTokens.Add(typeIndex, token);
        }

        return token;
    }

    private int VectorToken()
    {
        if (_vectorToken == 0)
        {
            WriteType(_scratch, typeof(Vector128<byte>));
            _vectorToken = MetadataTokens.GetToken(_metadata.AddTypeSpecification(TakeBlob()));
        }

        return _vectorToken;
    }

    private StandaloneSignatureHandle LocalSignature(WasmType[] locals)
    {
        if (locals.Length == 0)
        {
            return default;
        }

        var key = string.Create(locals.Length, locals, static (text, types) =>
        {
            for (var index = 0; index < types.Length; index++)
            {
                text[index] = (char)types[index];
            }
        });
        if (!_localSignatures.TryGetValue(key, out var handle))
        {
            _scratch.WriteByte((byte)SignatureKind.LocalVariables);
            _scratch.WriteCompressedInteger(locals.Length);
            foreach (var type in locals)
            {
                WriteType(_scratch, type);
            }

            handle = _metadata.AddStandaloneSignature(TakeBlob());
            _localSignatures.Add(key, handle);
        }

        return handle;
    }

    private void WriteFunctionSignature(FunctionType type)
    {
        _scratch.WriteByte(0);
        _scratch.WriteCompressedInteger(type.Parameters.Length + 1);
        if (type.Results.Length == 0)
        {
            _scratch.WriteByte((byte)SignatureTypeCode.Void);
        }
        else
        {
            WriteType(_scratch, type.Results[0]);
        }

        foreach (var parameter in type.Parameters)
        {
            WriteType(_scratch, parameter);
        }

        _scratch.WriteByte((byte)SignatureTypeCode.IntPtr);
    }

    private void WriteType(BlobBuilder blob, WasmType type)
    {
        switch (type)
        {
            case WasmType.I32:
                blob.WriteByte((byte)SignatureTypeCode.Int32);
                break;
            case WasmType.I64:
                blob.WriteByte((byte)SignatureTypeCode.Int64);
                break;
            case WasmType.F32:
                blob.WriteByte((byte)SignatureTypeCode.Single);
                break;
            case WasmType.F64:
                blob.WriteByte((byte)SignatureTypeCode.Double);
                break;
            case WasmType.V128:
                WriteType(blob, typeof(Vector128<byte>));
                break;
            default:
                blob.WriteByte((byte)SignatureTypeCode.IntPtr);
                break;
        }
    }

    private void WriteType(BlobBuilder blob, Type type)
    {
        if (type.IsPointer)
        {
            blob.WriteByte((byte)SignatureTypeCode.Pointer);
            WriteType(blob, type.GetElementType()!);
        }
        else if (type.IsConstructedGenericType)
        {
            var arguments = type.GetGenericArguments();
            blob.WriteByte((byte)SignatureTypeCode.GenericTypeInstance);
            WriteReference(blob, type.GetGenericTypeDefinition());
            blob.WriteCompressedInteger(arguments.Length);
            foreach (var argument in arguments)
            {
                WriteType(blob, argument);
            }
        }
        else if (PrimitiveCode(type) is { } code)
        {
            blob.WriteByte((byte)code);
        }
        else
        {
            WriteReference(blob, type);
        }
    }

    private void WriteReference(BlobBuilder blob, Type type)
    {
        blob.WriteByte((byte)(type.IsValueType ? SignatureTypeKind.ValueType : SignatureTypeKind.Class));
        blob.WriteCompressedInteger(CodedIndex.TypeDefOrRefOrSpec(TypeReference(type)));
    }

    private static SignatureTypeCode? PrimitiveCode(Type type) =>
        type == typeof(void) ? SignatureTypeCode.Void
        : type == typeof(nint) ? SignatureTypeCode.IntPtr
        : type == typeof(nuint) ? SignatureTypeCode.UIntPtr
        : type == typeof(object) ? SignatureTypeCode.Object
        : type == typeof(string) ? SignatureTypeCode.String
        : type.IsEnum ? null
        : Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean => SignatureTypeCode.Boolean,
            TypeCode.Byte => SignatureTypeCode.Byte,
            TypeCode.SByte => SignatureTypeCode.SByte,
            TypeCode.Int16 => SignatureTypeCode.Int16,
            TypeCode.UInt16 => SignatureTypeCode.UInt16,
            TypeCode.Int32 => SignatureTypeCode.Int32,
            TypeCode.UInt32 => SignatureTypeCode.UInt32,
            TypeCode.Int64 => SignatureTypeCode.Int64,
            TypeCode.UInt64 => SignatureTypeCode.UInt64,
            TypeCode.Single => SignatureTypeCode.Single,
            TypeCode.Double => SignatureTypeCode.Double,
            _ => null,
        };

    private TypeReferenceHandle TypeReference(Type type)
    {
        if (!_types.TryGetValue(type, out var handle))
        {
            handle = _metadata.AddTypeReference(
                AssemblyReference(type.Assembly),
                type.Namespace is { } space ? _metadata.GetOrAddString(space) : default,
                _metadata.GetOrAddString(type.Name));
            _types.Add(type, handle);
        }

        return handle;
    }

    private AssemblyReferenceHandle AssemblyReference(Assembly assembly)
    {
        if (!_assemblies.TryGetValue(assembly, out var handle))
        {
            var name = assembly.GetName();
            var key = name.GetPublicKeyToken();
            handle = _metadata.AddAssemblyReference(
                _metadata.GetOrAddString(name.Name!),
                name.Version ?? new Version(0, 0, 0, 0),
                default,
                key is { Length: > 0 } ? _metadata.GetOrAddBlob(key) : default,
                default,
                default);
            _assemblies.Add(assembly, handle);
        }

        return handle;
    }

    private BlobHandle TakeBlob()
    {
        var handle = _metadata.GetOrAddBlob(_scratch);
        _scratch.Clear();
        return handle;
    }
}
