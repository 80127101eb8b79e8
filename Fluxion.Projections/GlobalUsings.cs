global using Fluxion.Projections.Reading;
global using Fluxion.Projections.Tables;
