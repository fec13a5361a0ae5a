using System.Reflection;
using System.Text;

namespace Larder.Tests.Symbols.Reading;

/// <summary>Documentation identifiers from reflection, by the rules of the C# specification and none of the product's code.</summary>
internal static class ReflectedIds
{
    public static string Of(Type type) => "T:" + Definition(type);

    public static string Of(MemberInfo member)
    {
        var name = Definition(member.DeclaringType!) + "." + Mangled(member.Name);
        return member switch
        {
            ConstructorInfo constructor => "M:" + name + Parameters(constructor.GetParameters()),
            MethodInfo method => "M:" + name
                + (method.IsGenericMethod ? "``" + method.GetGenericArguments().Length : "")
                + Parameters(method.GetParameters())
                + (method.Name is "op_Implicit" or "op_Explicit" or "op_CheckedExplicit" ? "~" + Name(method.ReturnType) : ""),
            PropertyInfo property => "P:" + name + Parameters(property.GetIndexParameters()),
            EventInfo => "E:" + name,
            _ => "F:" + name,
        };
    }

    /// <summary>A type as it stands in a signature.</summary>
    public static string Name(Type type)
    {
        if (type.IsGenericParameter)
        {
            return (type.DeclaringMethod is null ? "`" : "``") + type.GenericParameterPosition;
        }

        if (type.IsFunctionPointer)
        {
            return "=FUNC:" + Name(type.GetFunctionPointerReturnType())
                + "(" + string.Join(',', type.GetFunctionPointerParameterTypes().Select(Name)) + ")";
        }

        if (type.HasElementType)
        {
            var element = Name(type.GetElementType()!);
            return type.IsSZArray ? element + "[]"
                : type.IsArray ? element + "[" + string.Join(',', Enumerable.Repeat("0:", type.GetArrayRank())) + "]"
                : element + (type.IsByRef ? "@" : "*");
        }

        if (!type.IsGenericType)
        {
            return Definition(type);
        }

        var levels = new Stack<Type>();
        for (var level = type; level is not null; level = level.DeclaringType)
        {
            levels.Push(level);
        }

        var arguments = new Queue<Type>(type.GetGenericArguments());
        var text = new StringBuilder(levels.Peek().Namespace is { Length: > 0 } space ? space + "." : "");
        var isFirst = true;
        foreach (var level in levels)
        {
            text.Append(isFirst ? "" : ".");
            isFirst = false;
            var parts = level.Name.Split('`');
            text.Append(parts[0]);
            if (parts.Length > 1)
            {
                text.Append('{').AppendJoin(',', Enumerable.Range(0, int.Parse(parts[1], null)).Select(_ => Name(arguments.Dequeue()))).Append('}');
            }
        }

        return text.ToString();
    }

    private static string Definition(Type type) =>
        type.DeclaringType is { } outer ? Definition(outer) + "." + type.Name
        : type.Namespace is { Length: > 0 } space ? space + "." + type.Name
        : type.Name;

    private static string Parameters(ParameterInfo[] parameters) =>
        parameters.Length == 0 ? "" : "(" + string.Join(',', parameters.Select(static one => Name(one.ParameterType))) + ")";

    private static string Mangled(string name) =>
        name.Replace('.', '#').Replace('<', '{').Replace('>', '}').Replace(',', '@');
}
