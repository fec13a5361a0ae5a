namespace Larder.Node;

internal static class Placeholder;
