# The host as a production image; its build writes the code of the handlers, nothing is compiled when it serves.
FROM mcr.microsoft.com/dotnet/sdk:10.0.401 AS build
WORKDIR /src
# the build has no git history to take the version from
ARG VERSION=1.0.0
ENV MinVerVersionOverride=$VERSION
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY Fluxion.Ledger/Fluxion.Ledger.csproj Fluxion.Ledger/
COPY Fluxion.Projections/Fluxion.Projections.csproj Fluxion.Projections/
COPY Fluxion.Host/Fluxion.Host.csproj Fluxion.Host/HandlerCode.targets Fluxion.Host/
RUN dotnet restore Fluxion.Host
COPY schema schema
COPY Fluxion.Ledger Fluxion.Ledger
COPY Fluxion.Projections Fluxion.Projections
COPY Fluxion.Host Fluxion.Host
RUN dotnet publish Fluxion.Host -c Release --no-restore -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0.12
WORKDIR /app
COPY --from=build /app .
ENV ASPNETCORE_HTTP_PORTS=8080
EXPOSE 8080
USER $APP_UID
ENTRYPOINT ["dotnet", "Fluxion.Host.dll"]
