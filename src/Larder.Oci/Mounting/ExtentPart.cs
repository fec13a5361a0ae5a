namespace Larder.Oci.Mounting;

/// <summary>A run of a range of a file that comes from one place.</summary>
/// <param name="Start">Where it stands in the range.</param>
/// <param name="Length">Its length.</param>
/// <param name="Object">The object that has it; -1 for zeros.</param>
/// <param name="ObjectOffset">Where it stands in the object.</param>
internal readonly record struct ExtentPart(int Start, int Length, int Object, long ObjectOffset);
